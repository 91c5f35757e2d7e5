import { queryOptions } from "@tanstack/react-query";
import { Layers, Plus } from "lucide-react";
import type { NamespaceView } from "@/api/generated";
import { namespace } from "@/api/namespace";
import type { Page } from "@/api/types";
import { Button, IconButton } from "@/shared/Button";
import { Picker } from "@/shared/Picker";
import { useUrlState } from "@/shared/url";
import { ANEW, PARAMETER, useNamespaces } from "./InNamespace";

/** Letters that a namespace may have. */
const NAME = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

/** Chooses the namespace that the pages look in; nothing where there are none. */
export function NamespaceMenu({ isCollapsed, onWiden }: { isCollapsed: boolean; onWiden: () => void }) {
  const chosen = namespace();
  if (chosen === undefined) return null;
  if (isCollapsed) return <IconButton label={`Namespace ${chosen}`} icon={<Layers size={16} />} onPress={onWiden} />;
  return <Chooser chosen={chosen} />;
}

function Chooser({ chosen }: { chosen: string }) {
  const { data: list } = useNamespaces();
  const [, patch] = useUrlState();
  const choose = (name: string) => patch({ ...ANEW, [PARAMETER]: name }, { push: true });
  const matching = (text: string) =>
    queryOptions<Page<NamespaceView>>({
      queryKey: ["namespaces", "matching", text, list?.namespaces],
      queryFn: () => {
        const items = (list?.namespaces ?? []).filter((one) => one.name.includes(text.trim().toLowerCase()));
        return { items, total: items.length, next: undefined };
      },
    });
  return (
    <div className="mb-3">
      <Picker<NamespaceView>
        label="Namespace"
        placeholder="Choose a namespace"
        value={chosen}
        chosen={chosen}
        load={matching}
        itemKey={(one) => one.name}
        itemName={(one) => one.name}
        itemAside={(one) => one.role}
        onChoose={(one) => choose(one.name)}
        footer={
          list?.everywhere === undefined
            ? undefined
            : (close, text) => (
                <Button small kind="ghost" icon={<Plus size={14} />} isDisabled={!NAME.test(text.trim())} onPress={() => (choose(text.trim()), close())}>
                  {text.trim() === "" ? "Type a name to look in another one" : `Look in “${text.trim()}”`}
                </Button>
              )
        }
      />
    </div>
  );
}
