import { describe, expect, it } from 'vitest';
import { formatUnit } from '../../src/command/service-unit.ts';

const command = ['/usr/bin/node', '/opt/a b/latchkey.js', 'serve', '--data', '/srv/100% "mine" $HOME'];

describe('the unit of systemd', () => {
  it('passes each argument as it is', () => {
    const unit = formatUnit({ command, data: '/srv/x' });
    expect(unit).toContain(
      String.raw`ExecStart="/usr/bin/node" "/opt/a b/latchkey.js" "serve" "--data" "/srv/100%% \"mine\" $$HOME"`,
    );
  });

  it('of the whole system runs as the user, and writes its data folder alone', () => {
    const unit = formatUnit({ command, data: '/var/lib/latchkey', runAs: 'latchkey' });
    for (const line of [
      'User=latchkey',
      'ProtectSystem=strict',
      'ReadWritePaths="/var/lib/latchkey"',
      'CapabilityBoundingSet=',
    ]) {
      expect(unit.split('\n')).toContain(line);
    }
  });

  it('has no second line that a path has brought', () => {
    expect(() => formatUnit({ command, data: '/srv/x\nUser=root', runAs: 'latchkey' })).toThrow('line break');
  });
});
