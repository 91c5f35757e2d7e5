"""Reports as HTML and Markdown."""

from kfp import dsl
from kfp.dsl import HTML, Markdown, Output


@dsl.component(base_image='python:3.11', packages_to_install=[])
def report(title: str, page: Output[HTML], notes: Output[Markdown]):
    with open(page.path, 'w') as f:
        f.write(f'<html><body><h1>{title}</h1></body></html>')
    with open(notes.path, 'w') as f:
        f.write(f'# {title}\n\n* one\n')


@dsl.pipeline(name='py-html-markdown')
def pipeline(title: str = 'Żółw'):
    report(title=title)
