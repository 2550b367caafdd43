import { type Program, startProgram } from '../program.ts';

/** A process that takes the write lock of a file, says so, and keeps it until it is told to go on. */
export function startLocking(file: string): Program {
  return startProgram(`
    import { DatabaseSync } from 'node:sqlite';
    const database = new DatabaseSync(${JSON.stringify(file)}, { timeout: 5000 });
    for await (const _ of process.stdin.on('error', () => process.exit())) {
      database.exec(database.isTransaction ? 'commit' : 'begin immediate; create table if not exists noise (number integer)');
      console.log(database.isTransaction ? 'locked' : 'free');
    }
    process.exit();
  `);
}

/** A process that writes to a file again and again, and holds the lock most of the time. */
export function startWriting(file: string): Program {
  return startProgram(`
    import { DatabaseSync } from 'node:sqlite';
    import { setTimeout } from 'node:timers/promises';
    const database = new DatabaseSync(${JSON.stringify(file)}, { timeout: 5000 });
    process.stdin.resume().on('end', () => process.exit()).on('error', () => process.exit());
    database.exec('pragma journal_mode = wal; create table if not exists noise (number integer)');
    console.log('writes');
    for (let number = 0; ; number++) {
      database.exec('begin immediate');
      database.exec('insert into noise values (' + number + ')');
      await setTimeout(number % 8);
      database.exec('commit');
      await setTimeout(2);
    }
  `);
}
