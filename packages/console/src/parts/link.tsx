import type { ComponentChildren } from 'preact';
import { hrefOf, navigate } from '../router.ts';

interface LinkProps {
  /** A page of the console. */
  readonly to: string;
  readonly children: ComponentChildren;
  readonly class?: string;
  readonly current?: boolean;
  readonly label?: string;
  readonly onFollow?: () => void;
}

/** A link to a page of the console. With a modifier key it opens as any other link does. */
export function Link({ to, children, class: className, current = false, label, onFollow }: LinkProps) {
  const follow = (event: MouseEvent): void => {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    onFollow?.();
    navigate(to);
  };
  return (
    <a
      href={hrefOf(to)}
      class={className}
      aria-current={current ? 'page' : undefined}
      aria-label={label}
      onClick={follow}
    >
      {children}
    </a>
  );
}
