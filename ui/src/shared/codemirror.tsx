import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { json } from "@codemirror/lang-json";
import { yaml } from "@codemirror/lang-yaml";
import { bracketMatching, foldGutter, foldKeymap, HighlightStyle, indentOnInput, syntaxHighlighting } from "@codemirror/language";
import { MergeView } from "@codemirror/merge";
import { highlightSelectionMatches, search, searchKeymap } from "@codemirror/search";
import { EditorState, type Extension } from "@codemirror/state";
import { drawSelection, EditorView, keymap, lineNumbers } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { useEffect, useEffectEvent, useRef } from "react";
import type { CodeDiffProps, CodeEditorProps } from "./CodeEditor";
import { cx } from "./cx";

/** Colours are our tokens, so both themes need only one style. */
const highlight = HighlightStyle.define([
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: "var(--accent-ink)" },
  { tag: [tags.string, tags.special(tags.string)], color: "var(--succeeded)" },
  { tag: [tags.number, tags.bool, tags.null, tags.atom, tags.keyword], color: "var(--warning)" },
  { tag: tags.comment, color: "var(--ink-3)", fontStyle: "italic" },
  { tag: [tags.punctuation, tags.separator, tags.bracket], color: "var(--ink-3)" },
]);

const theme = EditorView.theme({
  "&": { backgroundColor: "transparent", fontSize: "12px", height: "100%" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: "var(--font-mono)", lineHeight: "19px", overflow: "auto" },
  ".cm-content": { padding: "8px 0", caretColor: "var(--ink)" },
  ".cm-gutters": { backgroundColor: "transparent", color: "var(--ink-3)", border: "none", paddingLeft: "4px" },
  ".cm-cursor": { borderLeftColor: "var(--ink)" },
  ".cm-selectionBackground, &.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground": { backgroundColor: "color-mix(in srgb, var(--accent) 26%, transparent)" },
  ".cm-matchingBracket": { backgroundColor: "var(--accent-soft) !important", color: "inherit !important" },
  ".cm-foldPlaceholder": { backgroundColor: "var(--neutral-soft)", border: "none", color: "var(--ink-3)", padding: "0 6px" },
  ".cm-panels": { backgroundColor: "var(--raised)", color: "var(--ink)", borderColor: "var(--line)" },
  ".cm-panel input, .cm-panel button": { fontSize: "12px" },
  ".cm-searchMatch": { backgroundColor: "var(--warning-soft)" },
  ".cm-changedLine": { backgroundColor: "color-mix(in srgb, var(--running) 9%, transparent) !important" },
  ".cm-changedText": { background: "color-mix(in srgb, var(--running) 28%, transparent) !important" },
  ".cm-collapsedLines": { background: "var(--sunken)", color: "var(--ink-3)", padding: "2px 12px" },
});

function basics(label: string, language: string): Extension[] {
  return [
    lineNumbers(),
    foldGutter(),
    drawSelection(),
    bracketMatching(),
    highlightSelectionMatches(),
    search({ top: true }),
    syntaxHighlighting(highlight),
    theme,
    keymap.of([...searchKeymap, ...foldKeymap]),
    EditorView.contentAttributes.of({ "aria-label": label }),
    language === "json" ? json() : language === "yaml" ? yaml() : [],
  ];
}

const readOnly: Extension = [EditorState.readOnly.of(true), EditorView.contentAttributes.of({ tabindex: "0" })];

export function Editor({ label, text, language, onChange, fill, maxHeight = 280, isInvalid }: CodeEditorProps) {
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>(undefined);
  const change = useEffectEvent((next: string) => onChange?.(next));
  const isEditable = onChange !== undefined;
  useEffect(() => {
    const editable: Extension = [
      history(),
      indentOnInput(),
      // Escape then Tab leaves the editor by keyboard.
      keymap.of([...defaultKeymap, ...historyKeymap, indentWithTab]),
      EditorView.updateListener.of((update) => update.docChanged && change(update.state.doc.toString())),
    ];
    const created = new EditorView({
      parent: host.current!,
      state: EditorState.create({ doc: text, extensions: [basics(label, language), isEditable ? editable : readOnly] }),
    });
    view.current = created;
    return () => created.destroy();
    // The text is followed below; it must not build a new editor.
    // oxlint-disable-next-line
  }, [label, language, isEditable]);
  useEffect(() => {
    const current = view.current;
    if (current && current.state.doc.toString() !== text) {
      current.dispatch({ changes: { from: 0, to: current.state.doc.length, insert: text } });
    }
  }, [text]);
  return (
    <div
      ref={host}
      style={fill ? undefined : { maxHeight }}
      className={cx(
        "overflow-auto",
        fill ? "h-full min-h-0 flex-1" : "rounded-md bg-surface ring-1 ring-inset",
        !fill && (isInvalid ? "ring-failed" : "ring-line-strong"),
      )}
    />
  );
}

export function Diff({ label, before, after, language }: CodeDiffProps) {
  const host = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const merge = new MergeView({
      parent: host.current!,
      a: { doc: before, extensions: [basics(`${label}: before`, language), readOnly] },
      b: { doc: after, extensions: [basics(`${label}: after`, language), readOnly] },
      collapseUnchanged: { margin: 3, minSize: 6 },
      gutter: true,
    });
    return () => merge.destroy();
  }, [label, before, after, language]);
  return <div ref={host} className="min-h-0 flex-1 overflow-auto [&_.cm-mergeView]:h-full [&_.cm-mergeViewEditors]:min-h-full" />;
}
