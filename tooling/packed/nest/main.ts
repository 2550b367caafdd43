import 'reflect-metadata';
import type { AddressInfo } from 'node:net';
import { createRequestGuard, nodeHost, readNodeRequest, sendRefusal } from '@latchkey/auth-core/http';
import {
  type ArgumentsHost,
  type CanActivate,
  Catch,
  Controller,
  type ExceptionFilter,
  type ExecutionContext,
  Get,
  Injectable,
  Module,
  UseFilters,
  UseGuards,
} from '@nestjs/common';
import { BaseExceptionFilter, NestFactory } from '@nestjs/core';
import { askAll, auth, sendTo } from '../hosts/invoices.ts';

/* auth-core as a guard of NestJS. Compiled to CommonJS with the options that Nest applications have had for years. */

const guard = createRequestGuard({ auth });

@Injectable()
class MayReadInvoices implements CanActivate {
  async canActivate(context: ExecutionContext): Promise<boolean> {
    const http = context.switchToHttp();
    const [request, response] = [http.getRequest(), http.getResponse()];
    await guard.pass({
      key: request,
      presented: () => readNodeRequest(request),
      host: () => nodeHost(response),
      action: 'invoices:read',
    });
    return true;
  }
}

@Catch()
class Refusals extends BaseExceptionFilter implements ExceptionFilter {
  override catch(error: unknown, host: ArgumentsHost): void {
    const refusal = guard.refuse(error);
    if (refusal === undefined) super.catch(error, host);
    else sendRefusal(host.switchToHttp().getResponse(), refusal);
  }
}

@Controller('invoices')
@UseGuards(MayReadInvoices)
@UseFilters(Refusals)
class Invoices {
  @Get()
  list() {
    return { hello: 'ci' };
  }
}

@Module({ controllers: [Invoices] })
class App {}

async function main(): Promise<void> {
  const app = await NestFactory.create(App, { logger: false });
  await app.listen(0, '127.0.0.1');
  const { port } = app.getHttpServer().address() as AddressInfo;
  const answers = await askAll(sendTo(`http://127.0.0.1:${port}/invoices`));
  await app.close();
  console.log(JSON.stringify({ answers }));
}

void main();
