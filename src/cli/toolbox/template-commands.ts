import process from 'node:process';
import type {Command} from 'commander';
import {systemClock} from '../../base/clock.js';
import {SallyportError} from '../../base/error.js';
import {toolRegistry} from '../../trusted/toolbox/tools/registry.js';
import {readConfiguration} from '../configuration-file.js';
import {clockPretending} from '../shifted-clock.js';
import {describeTemplate, explainTemplate} from './explain.js';
import type {MessageOptions} from './run-messages.js';
import {runMessages} from './run-messages.js';
import {type OctetsOptions, runOctets} from './run-octets.js';
import {reportRun} from './run-report.js';
import {findTemplate, readTemplates} from './template-source.js';

type Shown = {readonly config?: string; readonly json?: boolean};

/** Adds `templates`, `tools`, `explain` and `run` to the command `toolbox`. */
export function registerTemplateCommands(toolbox: Command): void {
	toolbox
		.command('templates')
		.description('list the templates that ship, and those of a configuration')
		.option('-c, --config <file>', 'YAML configuration')
		.option('--json', 'print JSON')
		.action(({config, json}: Shown) => {
			const templates = readTemplates(config).list();
			const lines = templates.map(
				({name, version, direction, protection}) =>
					`${`${name}@${version}`.padEnd(36)} ${direction.padEnd(9)} ${protection}\n`,
			);
			say(json, templates.map(describeTemplate), lines.toSorted().join(''));
		});
	toolbox
		.command('tools')
		.description('list the tools that a template may name')
		.option('--json', 'print JSON')
		.action(({json}: Shown) => {
			const tools = [...toolRegistry].map(([name, {service, purpose, effect, inputs, outputs}]) => {
				return {name, service, purpose, effect, inputs, outputs};
			});
			const lines = tools.map(({name, service, purpose}) => `${name.padEnd(24)} ${service.padEnd(18)} ${purpose}\n`);
			say(json, tools, lines.join(''));
		});
	toolbox
		.command('explain')
		.description('say in plain words what a template does')
		.argument('<template>', 'its name, or a file')
		.option('-c, --config <file>', 'YAML configuration whose templates are known too')
		.option('--json', 'print JSON')
		.action((name: string, {config, json}: Shown) => {
			const template = findTemplate(name, config);
			say(json, describeTemplate(template), explainTemplate(template));
		});
	registerRun(toolbox);
}

type RunOptions = Shown &
	OctetsOptions &
	Pick<MessageOptions, 'role' | 'from'> & {readonly out?: string; readonly pretendTime?: string};

function registerRun(toolbox: Command): void {
	toolbox
		.command('run')
		.description('run a template over files, one after another; exit code 1 when one is denied')
		.argument('<template>', 'its name')
		.argument('<files...>', 'a SIP message each, or octets')
		.option('-c, --config <file>', 'YAML configuration, for templates about messages')
		.option('--role <role>', 'what the message is: offer, answer or none', 'offer')
		.option('--from <source>', 'where it came from', 'udp:192.0.2.1:5060')
		.option('--pretend-time <time>', 'ISO 8601: let the clock begin there')
		.option('--secret <file>', 'secret of the association in hexadecimal, for templates about octets')
		.option('--association <number>', 'identifier of the association', '1')
		.option('--sequence <number>', 'number of the first packet that leaves', '1')
		.option('--out <folder>', 'write what is released there, under the names of the files')
		.option('--json', 'print JSON')
		.action(async (name: string, files: readonly string[], options: RunOptions) => {
			const outcomes = await runFiles(name, files, options);
			process.exitCode = reportRun(name, outcomes, options, (text) => process.stdout.write(text));
		});
}

async function runFiles(name: string, files: readonly string[], options: RunOptions) {
	const {config, role, from, pretendTime} = options;
	const template = findTemplate(name, config);
	if (template.about === 'octets') {
		return runOctets(template, files, options);
	}

	if (config === undefined || !['offer', 'answer', 'none'].includes(role)) {
		throw new SallyportError(
			'BAD_ARGUMENTS',
			'Expected `--config FILE` and a `--role` of offer, answer or none for a template about messages.',
		);
	}

	const clock = pretendTime === undefined ? systemClock : clockPretending(pretendTime);
	return runMessages(template, files, readConfiguration(config).toolbox, {role, from, clock});
}

function say(json: boolean | undefined, data: unknown, text: string): void {
	process.stdout.write(json ? `${JSON.stringify(data, undefined, '\t')}\n` : text);
}
