/** Texts of the page on which a person lets a client of `/mcp` in. */
export const connectStrings = {
  connect: {
    title: 'Let a program in?',
    loading: 'Looking up who asks, and what there is to use …',
    asks: (name: string) => `A program that calls itself “${name}” wants to use MCP tools of this server in your name.`,
    fromHost: (host: string) => `Its description is from ${host}. The name was not checked.`,
    registered: 'It introduced itself to this server just now. The name was not checked.',
    sendsTo: {
      website: (place: string) => `If you agree, your browser takes its access to the website ${place}.`,
      loopback: (place: string) =>
        `If you agree, your browser takes its access to a program on your own computer (${place}). Agree only if you have just started it.`,
      app: (place: string) =>
        `If you agree, your browser takes its access to the app on your computer that opens ${place}: addresses.`,
    },
    as: (token: string, owner: string) =>
      owner === '' ? `It acts with the token ${token}.` : `It acts with the token ${token} of ${owner}.`,
    may: 'It will be able to call these tools, and nothing else. Take away what it does not need.',
    limits:
      'What your own token may not do, it may not do either. It ends with your token, and whenever you revoke it.',
    nothing: 'Your token may use no MCP server here, so there is nothing to let it use.',
    server: (label: string) => `Server ${label}`,
    unlisted: 'All its tools. They cannot be listed at the moment.',
    approval: 'asks for approval at each call',
    callsPerMinute: (count: number) => `at most ${count} calls a minute`,
    callsPerDay: (count: number) => `at most ${count} calls a day`,
    condition: (argument: string, rule: string) => `${argument}: ${rule}`,
    within: (folder: string) => `within ${folder}`,
    oneOf: (values: string) => `one of ${values}`,
    exactly: (value: string) => `exactly ${value}`,
    days: 'Its access ends after',
    dayCounts: { 1: 'one day', 7: 'a week', 30: '30 days', 90: '90 days', 365: 'a year' },
    ends: (time: string) => `Your token itself ends at ${time}.`,
    allow: 'Let it in',
    deny: 'Refuse',
    busy: 'One moment …',
    chooseOne: 'Leave at least one tool, or refuse.',
    done: 'Done. Your browser takes you back to the program.',
  },
} as const;
