export function Logo({ size = 20 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" fill="none" aria-hidden>
      <rect width="32" height="32" rx="8" fill="var(--accent)" />
      <path d="M9 10h5a4 4 0 0 1 4 4v4a4 4 0 0 0 4 4h1" stroke="#fff" strokeWidth="2.6" strokeLinecap="round" />
      <circle cx="9" cy="10" r="3" fill="#fff" />
      <circle cx="23" cy="22" r="3" fill="#fff" />
    </svg>
  );
}
