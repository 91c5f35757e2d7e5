import { Monitor, Moon, Sun } from "lucide-react";
import { IconButton } from "@/shared/Button";
import { Menu } from "@/shared/Menu";
import { setTheme, useIsDark, useThemeChoice, type ThemeChoice } from "@/shared/theme";

const choices: { id: ThemeChoice; label: string; icon: React.ReactNode }[] = [
  { id: "light", label: "Light", icon: <Sun size={14} /> },
  { id: "dark", label: "Dark", icon: <Moon size={14} /> },
  { id: "system", label: "As the system", icon: <Monitor size={14} /> },
];

export function ThemeMenu() {
  const choice = useThemeChoice();
  const isDark = useIsDark();
  return (
    <Menu
      label="Theme"
      trigger={<IconButton label="Theme" icon={isDark ? <Moon size={15} /> : <Sun size={15} />} />}
      entries={choices.map(({ id, label, icon }) => ({ id, label, icon, isChecked: id === choice, onAction: () => setTheme(id) }))}
    />
  );
}
