import {readFileSync} from 'node:fs';
import test from 'ava';
import type {ToolService} from '#dist/trusted/toolbox/engine/tool.js';
import {toolRegistry} from '#dist/trusted/toolbox/tools/registry.js';

const services: readonly ToolService[] = [
	'encryption',
	'decryption',
	'random numbers',
	'integrity',
	'anti-replay',
	'header processing',
	'certificate check',
	'origin check',
	'key derivation',
	'authorisation',
	'alert',
];

for (const service of services) {
	test(`the registry has a tool for ${service}`, (t) => {
		const tools = [...toolRegistry.values()].filter((tool) => tool.service === service);
		t.true(tools.length > 0);
	});
}

test('every tool is known by its name and version, and says in one sentence what it does', (t) => {
	for (const [name, tool] of toolRegistry) {
		t.is(name, `${tool.name}@${tool.version}`);
		t.regex(tool.purpose, /^[A-Z][a-z]+ [^.]+\.$/, name);
	}
});

test('docs/templates.md lists the tools of the registry with their services', (t) => {
	const page = readFileSync('docs/templates.md', 'utf8');
	const documented = [...page.matchAll(/^\| `([a-z-]+@\d+)` \| ([a-z -]+) \| (.+) \|$/gm)].map(
		([, name, service, purpose]) => [name, service, purpose],
	);
	const known = [...toolRegistry].map(([name, {service, purpose}]) => [name, service, purpose]);
	t.deepEqual(documented.toSorted(), known.toSorted());
});
