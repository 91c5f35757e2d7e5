import type { ParameterView } from "@/api/own-types";
import { CodeEditor } from "@/shared/CodeEditor";
import { Field, NativeSelect, TextArea, TextInput } from "@/shared/Field";
import { isJson, isTyped, readText, textOf, typeWords, type Texts } from "./parameters";

export interface ParameterFieldsProps {
  parameters: ParameterView[];
  texts: Texts;
  onChange: (name: string, text: string) => void;
  /** Whether empty required fields are told of already. */
  isStrict: boolean;
}

/** A form built from what a pipeline takes. */
export function ParameterFields({ parameters, texts, onChange, isStrict }: ParameterFieldsProps) {
  const typed = parameters.filter(isTyped);
  if (typed.length === 0) return <p className="text-ink-3">This pipeline takes no parameters.</p>;
  return (
    <div className="flex flex-col gap-5">
      {typed.map((parameter) => (
        <ParameterField key={parameter.name} parameter={parameter} text={texts[parameter.name] ?? ""} onChange={(text) => onChange(parameter.name, text)} isStrict={isStrict} />
      ))}
    </div>
  );
}

function ParameterField({ parameter, text, onChange, isStrict }: { parameter: ParameterView; text: string; onChange: (text: string) => void; isStrict: boolean }) {
  const read = readText(parameter, text);
  const problem = "problem" in read && (isStrict || text !== "") ? read.problem : undefined;
  const fallback = textOf(parameter, parameter.default);
  const isChanged = parameter.default !== undefined && text !== fallback;
  const isRequired = !parameter.optional && parameter.default === undefined;
  const aside = (
    <>
      <span className="text-xs text-ink-3">{typeWords[parameter.type] ?? parameter.type.toLowerCase()}</span>
      {isChanged && (
        <button type="button" onClick={() => onChange(fallback)} className="link ml-auto text-xs">
          Use the default
        </button>
      )}
    </>
  );
  return (
    <Field label={<span className="font-mono text-xs">{parameter.name}</span>} hint={parameter.description} problem={problem} isRequired={isRequired} aside={aside}>
      {(ids) => <Control parameter={parameter} text={text} onChange={onChange} ids={ids} problem={problem} />}
    </Field>
  );
}

type ControlProps = { parameter: ParameterView; text: string; onChange: (text: string) => void; ids: { id: string }; problem?: string };

function Control({ parameter, text, onChange, ids, problem }: ControlProps) {
  const choices = parameter.literals.length > 0 ? parameter.literals.map((literal) => textOf(parameter, literal)) : parameter.type === "BOOLEAN" ? ["true", "false"] : undefined;
  if (choices) {
    return (
      <NativeSelect {...ids} value={text} onChange={(event) => onChange(event.target.value)}>
        {!choices.includes(text) && <option value={text}>{text === "" ? "Choose…" : text}</option>}
        {text !== "" && parameter.optional && <option value="">(not set)</option>}
        {choices.map((choice) => (
          <option key={choice}>{choice}</option>
        ))}
      </NativeSelect>
    );
  }
  if (isJson(parameter)) return <CodeEditor label={parameter.name} language="json" text={text} onChange={onChange} isInvalid={problem !== undefined} />;
  const change = (event: { target: { value: string } }) => onChange(event.target.value);
  const placeholder = parameter.optional && parameter.default === undefined ? "not set" : undefined;
  if (parameter.type.startsWith("NUMBER")) return <TextInput {...ids} inputMode="decimal" value={text} onChange={change} placeholder={placeholder} className="tnum" />;
  if (text.includes("\n") || text.length > 120) return <TextArea {...ids} rows={Math.min(10, text.split("\n").length + 1)} value={text} onChange={change} className="font-mono text-xs" />;
  return <TextInput {...ids} value={text} onChange={change} placeholder={placeholder} />;
}
