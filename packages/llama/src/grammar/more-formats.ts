/** Formats that have rules beside those of dates; each rule allows the usual forms, and nothing that is not of the format. */
export const MORE_FORMATS: Readonly<Record<string, string>> = {
  email: '"\\"" [a-z0-9]{1,20} ([._-] [a-z0-9]{1,20}){0,2} "@" host-text "\\""',
  hostname: '"\\"" host-text "\\""',
  ipv4: '"\\"" octet-text "." octet-text "." octet-text "." octet-text "\\""',
  ipv6: '"\\"" hextet-text (":" hextet-text){7} "\\""',
  uri: '"\\"" url-text "\\""',
  duration: '"\\"" "P" ([1-9] [0-9]{0,3} [DWMY] | "T" [1-9] [0-9]{0,3} [HMS]) "\\""',
  'json-pointer': '"\\"" ("/" [a-zA-Z0-9_-]{0,40}){0,10} "\\""',
};

/** Formats with the rule of another one. */
export const SAME_FORMATS: Readonly<Record<string, string>> = {
  'idn-email': 'email',
  'idn-hostname': 'hostname',
  iri: 'uri',
  url: 'uri',
  'uri-reference': 'uri',
  'iri-reference': 'uri',
};

/** Formats that JSON Schema defines and that have no rule. */
export const FORMATS_WITHOUT_RULE: ReadonlySet<string> = new Set(['regex', 'relative-json-pointer', 'uri-template']);

/** The parts of the rules above. */
export const FORMAT_PARTS: Readonly<Record<string, string>> = {
  'octet-text': '"25" [0-5] | "2" [0-4] [0-9] | "1" [0-9] [0-9] | [1-9] [0-9] | [0-9]',
  'hextet-text': '[0-9a-fA-F]{1,4}',
  'label-text': '[a-z0-9] ([a-z0-9-]{0,20} [a-z0-9])?',
  'host-text': 'label-text ("." label-text){0,3} "." [a-z]{2,10}',
  'url-text': '"http" "s"? "://" host-text ("/" [a-zA-Z0-9_~.-]{1,60}){0,8}',
};
