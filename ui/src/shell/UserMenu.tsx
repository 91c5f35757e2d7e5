/** Who is logged in; nobody has to be on a loopback address. */
export function UserMenu({ isCollapsed }: { isCollapsed: boolean }) {
  return isCollapsed ? null : <span className="flex-1" />;
}
