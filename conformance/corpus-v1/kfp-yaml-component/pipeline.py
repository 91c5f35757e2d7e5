"""A component written as YAML: inputs by value and as files, defaults, optional ones, fixed output paths."""

from kfp import components, dsl

TEXT = '''
name: Merge texts
inputs:
- {name: Left}
- {name: Right file, type: String}
- {name: Note, type: String, optional: true}
- {name: Times, type: Integer, default: '2'}
outputs:
- {name: Merged, type: String}
- {name: Length, type: Integer}
implementation:
  container:
    image: busybox
    command:
    - sh
    - -ec
    - |
      mkdir -p "$(dirname "$4")"
      for i in $(seq "$3"); do printf '%s' "$1" >> "$4"; cat "$2" >> "$4"; done
      wc -c < "$4" | tr -d ' ' > /tmp/length
      echo "${5:-no note}"
    - merge
    - {inputValue: Left}
    - {inputPath: Right file}
    - {inputValue: Times}
    - {outputPath: Merged}
    args:
    - if:
        cond: {isPresent: Note}
        then: [{inputValue: Note}]
    fileOutputs: {Length: /tmp/length}
'''
merge_op = components.load_component_from_text(TEXT)


@dsl.pipeline(name='kfp-yaml-component')
def pipeline(left: str = 'ab'):
    first = merge_op(left, 'c d')
    second = merge_op(left=first.outputs['Length'], right_file=first.outputs['Merged'], times=1, note='noted')
