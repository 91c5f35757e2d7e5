// Pipelines that show everything a run page can show, written as the compiler would write them.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./api.mjs";

const artifactType = (title) => ({ artifactType: { schemaTitle: title, schemaVersion: "0.0.1" } });

/** A component that runs a shell script, with its artifacts by output name. */
function shell(spec, name, script, { inputs = {}, outputs = {}, parameters = {} } = {}) {
  spec.components[`comp-${name}`] = {
    executorLabel: `exec-${name}`,
    ...(Object.keys(inputs).length + Object.keys(parameters).length > 0 && {
      inputDefinitions: {
        ...(Object.keys(inputs).length > 0 && { artifacts: mapped(inputs, artifactType) }),
        ...(Object.keys(parameters).length > 0 && { parameters: mapped(parameters, (parameterType) => ({ parameterType })) }),
      },
    }),
    ...(Object.keys(outputs).length > 0 && { outputDefinitions: { artifacts: mapped(outputs, artifactType) } }),
  };
  const words = [...Object.keys(outputs).map((key) => `{{$.outputs.artifacts['${key}'].path}}`), ...Object.keys(parameters).map((key) => `{{$.inputs.parameters['${key}']}}`)];
  spec.deploymentSpec.executors[`exec-${name}`] = { container: { image: "debian", command: ["sh", "-c", script, ...words] } };
}

/** A component that runs Python and leaves metadata on its outputs. */
function python(spec, name, script, { outputs = {}, inputs = {}, parameters = {} } = {}) {
  shell(spec, name, "", { outputs, inputs, parameters });
  const prelude = "import json,sys\ne=json.loads(sys.argv[1])\nout={k:v['artifacts'][0] for k,v in e['outputs'].get('artifacts',{}).items()}\nmeta={}\n";
  const end = "\njson.dump({'artifacts':{k:{'artifacts':[{'name':v.get('name',''),'uri':v['uri'],'metadata':meta.get(k,{})}]} for k,v in out.items()}},open(e['outputs']['outputFile'],'w'))\n";
  spec.deploymentSpec.executors[`exec-${name}`].container = { image: "debian", command: ["python3", "-c", prelude + script + end, "{{$}}"] };
}

function task(dag, name, { after = [], artifacts = {}, parameters = {}, component = name, ...rest } = {}) {
  dag.tasks[name] = {
    taskInfo: { name },
    componentRef: { name: `comp-${component}` },
    cachingOptions: { enableCache: false },
    ...(after.length > 0 && { dependentTasks: after }),
    ...(Object.keys(artifacts).length + Object.keys(parameters).length > 0 && {
      inputs: {
        ...(Object.keys(artifacts).length > 0 && {
          artifacts: mapped(artifacts, ([producerTask, outputArtifactKey]) => ({ taskOutputArtifact: { producerTask, outputArtifactKey } })),
        }),
        ...(Object.keys(parameters).length > 0 && { parameters }),
      },
    }),
    ...rest,
  };
}

const mapped = (object, change) => Object.fromEntries(Object.entries(object).map(([key, value]) => [key, change(value, key)]));

function empty(name) {
  return { schemaVersion: "2.1.0", sdkVersion: "kfp-2.17.0", pipelineInfo: { name }, components: {}, deploymentSpec: { executors: {} }, root: { dag: { tasks: {} } } };
}

const UI_METADATA = {
  version: 1,
  outputs: [
    { type: "markdown", storage: "inline", source: "# Old report\n\nWith a *word*." },
    { type: "table", storage: "inline", format: "csv", header: ["city", "people"], source: "Bern,134794\nGenf,203856\n" },
    { type: "confusion_matrix", storage: "inline", format: "csv", schema: [{ name: "target" }, { name: "predicted" }, { name: "count" }], labels: ["cat", "dog"], source: "cat,cat,8\ncat,dog,2\ndog,cat,1\ndog,dog,9\n" },
    { type: "roc", storage: "inline", format: "csv", schema: [{ name: "fpr" }, { name: "tpr" }, { name: "thresholds" }], source: "0,0,2\n0.1,0.7,0.8\n0.4,0.9,0.5\n1,1,0\n" },
    { type: "web-app", storage: "inline", source: "<h1>Inline page</h1><script>document.body.append('made by its script')</script>" },
    { type: "markdown", storage: "minio", source: "PLACE_OF_SUMMARY" },
    { type: "markdown", storage: "gcs", source: "gs://bucket/report.md" },
    { type: "tensorboard", source: "PLACE_OF_LOGS" },
    { type: "hologram", source: "x" },
  ],
};

/** What a page must not be able to do, tried by the page itself; it writes what it found into its title. */
const HOSTILE = `<!doctype html><title>report</title><h1>A report</h1><p id=said>…</p><script>
const said=[];
try{parent.document.title='broken';said.push('reached the page')}catch{said.push('page is out of reach')}
try{localStorage.setItem('a','b');said.push('has storage')}catch{said.push('no storage')}
fetch('/apis/v2beta1/runs').then(()=>said.push('reached the API'),()=>said.push('API is out of reach')).finally(()=>{document.getElementById('said').textContent=said.join(', ')});
</script>`;

/** 300 rows, written by pyarrow, in a packing that the pages fetch something for. */
const PARQUET = readFileSync(join(root, "ui/src/viewers/fixtures/cities-zstd.parquet")).toString("base64");

/** One artifact of every kind that has a viewer. */
export function gallery() {
  const spec = empty("gallery");
  const { dag } = spec.root;
  python(spec, "data", `
import struct,zlib,os
open(out['table']['uri'],'w').write('city,people,growth\\n'+''.join(f'city {i},{i*1000},{i/7:.3f}\\n' for i in range(500)))
open(out['columns']['uri'],'wb').write(__import__('base64').b64decode('${PARQUET}'))
open(out['words']['uri'],'w').write('plain text\\nin two lines\\n')
json.dump({'learning_rate':0.1,'layers':[64,32],'name':'net'},open(out['config']['uri'],'w'))
rows=b''.join(b'\\0'+bytes(v for x in range(96) for v in (x*2,y*2,180)) for y in range(64))
chunk=lambda t,d: struct.pack('>I',len(d))+t+d+struct.pack('>I',zlib.crc32(t+d))
open(out['picture']['uri'],'wb').write(b'\\x89PNG\\r\\n\\x1a\\n'+chunk(b'IHDR',struct.pack('>IIBBBBB',96,64,8,2,0,0,0))+chunk(b'IDAT',zlib.compress(rows))+chunk(b'IEND',b''))
os.makedirs(out['folder']['uri']+'/inner');open(out['folder']['uri']+'/a.txt','w').write('first');open(out['folder']['uri']+'/inner/b.md','w').write('# second')
print('\\x1b[32mwrote\\x1b[0m everything')
`, { outputs: { table: "system.Dataset", columns: "system.Dataset", words: "system.Artifact", config: "system.Artifact", picture: "system.Artifact", folder: "system.Dataset" } });
  python(spec, "train", "meta['model']={'framework':'none'}\nopen(out['model']['uri'],'wb').write(bytes(range(256))*8)\nprint('loss 0.25')", { inputs: { table: "system.Dataset" }, outputs: { model: "system.Model" } });
  python(spec, "evaluate", `
meta['metrics']={'accuracy':0.9312,'loss':0.1234567,'epochs':10}
points=[{'confidenceThreshold':1-f,'falsePositiveRate':f,'recall':f**0.4} for f in (0,.05,.1,.2,.4,.7,1)]
matrix={'annotationSpecs':[{'displayName':n} for n in ('cat','dog','fish')],'rows':[{'row':[80,12,8]},{'row':[5,90,5]},{'row':[1,2,97]}]}
meta['classes']={'confidenceMetrics':points,'confusionMatrix':matrix}
meta['slices']={'evaluationSlices':[{'slice':s,'sliceClassificationMetrics':{'confusionMatrix':matrix,'confidenceMetrics':points}} for s in ('young','old')]}
for k in out: open(out[k]['uri'],'w').write('')
`, { inputs: { model: "system.Model" }, outputs: { metrics: "system.Metrics", classes: "system.ClassificationMetrics", slices: "system.SlicedClassificationMetrics" } });
  python(spec, "report", `
open(out['page']['uri'],'w').write(${JSON.stringify(HOSTILE)})
open(out['summary']['uri'],'w').write('# Summary\\n\\n| model | score |\\n|---|--:|\\n| net | 0.93 |\\n\\n- good\\n- **better**\\n')
open(out['mlpipeline-ui-metadata']['uri'],'w').write(${JSON.stringify(JSON.stringify(UI_METADATA))}.replace('PLACE_OF_SUMMARY',out['summary']['uri']).replace('PLACE_OF_LOGS',out['logs']['uri']))
__import__('os').makedirs(out['logs']['uri'])
open(out['mlpipeline-metrics']['uri'],'w').write('{"metrics":[{"name":"accuracy-score","numberValue":0.875,"format":"PERCENTAGE"},{"name":"rmse","numberValue":0.25,"format":"RAW"}]}')
`, { inputs: { classes: "system.ClassificationMetrics" }, outputs: { page: "system.HTML", summary: "system.Markdown", "mlpipeline-ui-metadata": "system.Artifact", "mlpipeline-metrics": "system.Artifact", logs: "system.Artifact" } });
  task(dag, "data");
  task(dag, "train", { after: ["data"], artifacts: { table: ["data", "table"] } });
  task(dag, "evaluate", { after: ["train"], artifacts: { model: ["train", "model"] } });
  task(dag, "report", { after: ["evaluate"], artifacts: { classes: ["evaluate", "classes"] } });
  return spec;
}

/** A training whose metrics follow from what one chooses: for runs that differ. */
export function training() {
  const spec = empty("training");
  const types = { epochs: "NUMBER_INTEGER", rate: "NUMBER_DOUBLE", optimizer: "STRING" };
  const defaults = { epochs: 10, rate: 0.1, optimizer: "adam" };
  spec.root.inputDefinitions = { parameters: mapped(types, (parameterType, key) => ({ parameterType, defaultValue: defaults[key], isOptional: true })) };
  shell(spec, "prepare", 'echo "10 000 rows"', {});
  python(spec, "fit", `
p=e['inputs']['parameterValues'];n,r,o=p['epochs'],p['rate'],p['optimizer']
print(f'training {n} epochs at rate {r} with {o}')
good=1-0.5/(1+n*r)-(0.03 if o=='sgd' else 0)
meta['metrics']={'accuracy':round(good,4),'loss':round(-__import__('math').log(good),4),'seconds':n*3}
meta['classes']={'confidenceMetrics':[{'confidenceThreshold':1-f,'falsePositiveRate':f,'recall':f**(1-good+0.05)} for f in (0,.02,.05,.1,.2,.4,.7,1)],'confusionMatrix':{'annotationSpecs':[{'displayName':w} for w in ('stays','leaves')],'rows':[{'row':[round(800*good),800-round(800*good)]},{'row':[200-round(200*good),round(200*good)]}]}}
open(out['summary']['uri'],'w').write(f'# Training\\n\\n{n} epochs, accuracy **{good:.3f}**\\n')
for k in ('metrics','classes'): open(out[k]['uri'],'w').write('')
`, { outputs: { metrics: "system.Metrics", classes: "system.ClassificationMetrics", summary: "system.Markdown" }, parameters: types });
  task(spec.root.dag, "prepare");
  task(spec.root.dag, "fit", { after: ["prepare"], parameters: mapped(types, (_, key) => ({ componentInputParameter: key })) });
  return spec;
}

/** Fails as long as its parameter says so. */
export function fragile() {
  const spec = empty("fragile");
  spec.root.inputDefinitions = { parameters: { code: { parameterType: "NUMBER_INTEGER", defaultValue: 3, isOptional: true, description: "What the second step ends with." } } };
  shell(spec, "first", 'echo "first"', {});
  shell(spec, "second", 'echo "ending with $0"; exit $0', { parameters: { code: "NUMBER_INTEGER" } });
  task(spec.root.dag, "first");
  task(spec.root.dag, "second", { after: ["first"], parameters: { code: { componentInputParameter: "code" } } });
  return spec;
}

/** Scores of two classes of customers, as rows of CSV. */
export function scores() {
  const spec = empty("scores");
  const script = `awk 'BEGIN { srand(7); print "target,true"; for (i = 0; i < 400; i++) { left = rand() < 0.4; print (left ? "left" : "stayed") "," (left ? 1 - rand() * rand() : rand() * rand() + 0.1) } }' > "$0"`;
  shell(spec, "score", script, { outputs: { scores: "system.Dataset" } });
  task(spec.root.dag, "score");
  return spec;
}

/** Two branches and what joins them; the longer one, of two tasks, decides when the run is over. */
export function branches() {
  const spec = empty("branches");
  shell(spec, "long", "sleep 2");
  shell(spec, "short", "true");
  const { dag } = spec.root;
  task(dag, "begin", { component: "short" });
  task(dag, "slow", { component: "long", after: ["begin"] });
  task(dag, "slower", { component: "long", after: ["slow"] });
  task(dag, "quick", { component: "short", after: ["begin"] });
  task(dag, "join", { component: "short", after: ["slower", "quick"] });
  return spec;
}

/** A loop of `count` items whose body fails for every item that ends in 7, after a retried task. */
export function sweep(count) {
  const spec = empty("sweep");
  shell(spec, "flaky", 'echo "try ${KFP_RETRY_INDEX:-0}"; test -e /tmp/none || test "${KFP_RETRY_INDEX:-0}" -ge 1', {});
  shell(spec, "prepare", 'echo "preparing $0"', { parameters: { item: "NUMBER_INTEGER" } });
  shell(spec, "fit", 'echo "fitting $0"; case "$0" in *7) echo "ERROR: item $0 does not fit" >&2; exit 3;; esac', { parameters: { item: "NUMBER_INTEGER" } });
  const inner = { tasks: {} };
  const item = { item: { componentInputParameter: "pipelinechannel--items-loop-item" } };
  task(inner, "prepare", { parameters: item });
  task(inner, "fit", { after: ["prepare"], parameters: item });
  spec.components["comp-for-loop-1"] = { dag: inner, inputDefinitions: { parameters: { "pipelinechannel--items-loop-item": { parameterType: "NUMBER_INTEGER" } } } };
  const { dag } = spec.root;
  task(dag, "flaky", { retryPolicy: { maxRetryCount: 2, backoffDuration: "0s", backoffFactor: 1, backoffMaxDuration: "1s" } });
  task(dag, "for-loop-1", {
    after: ["flaky"],
    parameterIterator: { itemInput: "pipelinechannel--items-loop-item", items: { raw: JSON.stringify(Array.from({ length: count }, (_, index) => index)) } },
  });
  return spec;
}

/** A graph of `count` tasks that each wait for one or two before them. */
export function wide(count) {
  const spec = empty("wide");
  shell(spec, "step", "true");
  let state = 7;
  const next = () => (state = (state * 1664525 + 1013904223) >>> 0) / 2 ** 32;
  for (let index = 0; index < count; index++) {
    const after = new Set();
    if (index > 0) for (let edge = 0; edge < 1 + (next() < 0.3); edge++) after.add(`task-${Math.max(0, index - 1 - Math.floor(next() * 12))}`);
    task(spec.root.dag, `task-${index}`, { after: [...after], component: "step" });
  }
  return spec;
}

/** Two tasks that each want a GPU for as long as they are not stopped. */
export function greedy() {
  const spec = empty("greedy");
  shell(spec, "take", 'echo "has $CUDA_VISIBLE_DEVICES"; sleep 600');
  spec.deploymentSpec.executors["exec-take"].container.resources = { accelerator: { type: "nvidia.com/gpu", count: "1" } };
  for (const name of ["one", "other"]) task(spec.root.dag, name, { component: "take" });
  return spec;
}

/** A task that prints slowly, and one that prints `megabytes` at once and then stays for some seconds. */
export function talkative(megabytes, stays = 0) {
  const spec = empty("talkative");
  shell(spec, "slow", 'for i in $(seq 1 400); do echo "line $i of the slow task"; sleep 0.05; done');
  shell(spec, "loud", `awk 'BEGIN { for (i = 0; i < ${Math.round(megabytes * 10_000)}; i++) printf "%08d the quick brown fox jumps over the lazy dog and over everything else, once more and again\\n", i }'; sleep ${stays}`);
  task(spec.root.dag, "slow");
  task(spec.root.dag, "loud");
  return spec;
}
