/** A caller in the form of Label Studio's `GET /api/current-user/whoami`. */
export interface CurrentUser {
  readonly id: string;
  readonly username: string;
  readonly email: string;
  readonly first_name: string;
  readonly last_name: string;
  readonly initials: string;
  readonly avatar: null;
  readonly phone: string;
  readonly active_organization: null;
  readonly allow_newsletters: null;
  readonly last_activity: null;
  readonly date_joined: null;
}

const EMAIL = /^[^\s@]+@[^\s@]+$/;

/** The e-mail address of an owner that is called by it; owners are single texts. */
export const emailOf = (owner: string): string | undefined => (EMAIL.test(owner) ? owner : undefined);

/**
 * Renders the owner of a token as a user of Label Studio. An owner is a single text: it becomes the username, and the
 * e-mail address if it looks like one; first and last name stay empty. The id is the token's id and a string, where
 * Label Studio has a number.
 */
export function renderCurrentUser({ id, owner }: { readonly id: string; readonly owner: string }): CurrentUser {
  return {
    id,
    username: owner,
    email: emailOf(owner) ?? '',
    first_name: '',
    last_name: '',
    initials: Array.from(owner).slice(0, 2).join('').toUpperCase(),
    avatar: null,
    phone: '',
    active_organization: null,
    allow_newsletters: null,
    last_activity: null,
    date_joined: null,
  };
}
