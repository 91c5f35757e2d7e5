import { useQuery, useQueryClient } from "@tanstack/react-query";
import { CircleUser, LogOut } from "lucide-react";
import { getWhoAmI, logOut } from "@/api/about";
import { messageOf } from "@/api/client";
import { Button, IconButton } from "@/shared/Button";
import { Menu } from "@/shared/Menu";
import { toast } from "@/shared/toast";

/** Returns what ends the session and begins the page anew. */
export function useLogOut() {
  const client = useQueryClient();
  return async () => {
    try {
      await logOut();
      client.clear();
      window.location.reload();
    } catch (error) {
      toast(messageOf(error), { kind: "error" });
    }
  };
}

/** Who is logged in; nobody has to be where the server asks for no login. */
export function UserMenu({ isCollapsed }: { isCollapsed: boolean }) {
  const { data } = useQuery(getWhoAmI());
  const leave = useLogOut();
  if (!data?.required || !data.user) return isCollapsed ? null : <span className="flex-1" />;
  const roles = Object.entries(data.roles ?? {}).map(([namespace, role]) => (namespace === "*" ? role : `${role} in ${namespace}`));
  return (
    <div className={isCollapsed ? undefined : "min-w-0 flex-1"}>
      <Menu
        label="Account"
        trigger={
          isCollapsed ? (
            <IconButton label={data.user} icon={<CircleUser size={16} />} />
          ) : (
            <Button kind="ghost" icon={<CircleUser size={16} />} className="max-w-full justify-start">
              <span className="truncate">{data.user}</span>
            </Button>
          )
        }
        entries={[
          { id: "roles", label: roles.join(", ") || "no role", disabledBecause: "Roles are given by an administrator.", onAction: () => {} },
          data.method === "session" && null,
          data.method === "session" && { id: "leave", label: "Log out", icon: <LogOut size={14} />, onAction: () => void leave() },
        ]}
      />
    </div>
  );
}
