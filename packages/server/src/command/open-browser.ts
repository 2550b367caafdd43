import { spawn } from 'node:child_process';

const PROGRAMS: Readonly<Partial<Record<NodeJS.Platform, readonly [string, ...string[]]>>> = {
  darwin: ['open'],
  // Not `start`, which is a command of the shell and would read the URL as more than one word.
  win32: ['rundll32', 'url.dll,FileProtocolHandler'],
};

/**
 * Opens a URL in the browser of this machine, if there is one. The URL is one argument and no shell reads it; it begins
 * with http, so it is no option and no file.
 */
export function openBrowser(url: string): void {
  if (!/^https?:\/\//.test(url)) return;
  const [program, ...args] = PROGRAMS[process.platform] ?? ['xdg-open'];
  const child = spawn(program, [...args, url], { stdio: 'ignore', detached: true, shell: false });
  // Without a browser, the printed link is enough.
  child.on('error', () => {});
  child.unref();
}
