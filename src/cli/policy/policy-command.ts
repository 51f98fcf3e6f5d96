import process from 'node:process';
import type {Command} from 'commander';
import {readConfiguration} from '../configuration-file.js';
import {type Explanation, explainPolicy} from './explain-policy.js';

type ExplainOptions = {
	readonly from: string;
	readonly to: string;
	readonly trunk?: string;
	readonly config: string;
	readonly json?: boolean;
};

/** `sallyport policy`: what the configuration says of a call, and why. */
export function registerPolicyCommand(program: Command): void {
	const policy = program.command('policy').description('show what policy says of a call (docs/policies.md)');
	policy
		.command('explain')
		.description('print which rules decide about a call, and why the others do not')
		.requiredOption('--from <uri>', 'address of the caller')
		.requiredOption('--to <uri>', 'address or service of the called party')
		.option('--trunk <name>', 'the trunk whose signature the call carries')
		.requiredOption('-c, --config <file>', 'configuration of the gateway')
		.option('--json', 'print JSON')
		.action(({config, json = false, ...call}: ExplainOptions) => {
			const explanation = explainPolicy(readConfiguration(config).toolbox, call);
			process.stdout.write(json ? `${JSON.stringify(explanation)}\n` : linesOf(explanation));
		});
}

function linesOf({allowed, rule, why, caller, called, effective, others}: Explanation): string {
	return [
		`${allowed ? 'allowed' : 'refused'} by the call rule ${rule}: ${why}`,
		`caller: rules of the peer ${caller.name} (${caller.why})`,
		`called: rules of the peer ${called.name} (${called.why})`,
		...Object.entries(effective).map(
			([name, value]) => `  ${name}: ${Array.isArray(value) ? value.join(', ') : value}`,
		),
		...others.map((other) => `not the call rule ${other.rule}: ${other.why}`),
	]
		.map((line) => `${line}\n`)
		.join('');
}
