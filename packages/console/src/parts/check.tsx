import { useId } from 'preact/hooks';

interface CheckProps {
  readonly label: string;
  readonly hint?: string;
  readonly checked: boolean;
  readonly disabled?: boolean;
  readonly onChange: (isOn: boolean) => void;
}

/** A box to tick, with what it means. */
export function Check({ label, hint, checked, disabled = false, onChange }: CheckProps) {
  const id = useId();
  return (
    <div class="check">
      <input
        id={id}
        type="checkbox"
        checked={checked}
        disabled={disabled}
        onChange={({ currentTarget }) => {
          onChange(currentTarget.checked);
          // What is shown is `checked`, which may change later than the click, or not at all.
          currentTarget.checked = checked;
        }}
      />
      <label for={id}>
        {label}
        {hint && <span class="hint"> {hint}</span>}
      </label>
    </div>
  );
}
