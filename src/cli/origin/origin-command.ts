import process from 'node:process';
import type {Command} from 'commander';
import type {KnownOrigin} from '../../trusted/toolbox/protocol.js';
import {readConfiguration} from '../configuration-file.js';
import {askOrigins} from './ask-origins.js';

type OriginOptions = {readonly config: string; readonly json?: boolean};

/** `sallyport origin`: what the origin monitor knows, over the admin socket, or in the databases of a stopped gateway. */
export function registerOriginCommand(program: Command): void {
	const origin = program
		.command('origin')
		.description('show and change from where identities are known (docs/origin-monitor.md)');
	const command = (words: string, description: string) =>
		origin
			.command(words)
			.description(description)
			.requiredOption('-c, --config <file>', 'configuration of the gateway')
			.option('--json', 'print JSON');
	command('list [identity]', 'addresses that are known, of all identities or of one').action(
		async (identity: string | undefined, options: OriginOptions) => {
			const found: KnownOrigin[] = [];
			for (let after = ''; ; after = found.at(-1)?.identity ?? '') {
				const page = (await ask(
					options,
					'origin-list',
					identity === undefined ? {after} : {identity},
				)) as KnownOrigin[];
				found.push(...page);
				if (identity !== undefined || page.length < pageSize) {
					break;
				}
			}

			print(options, found, found.flatMap(linesOf));
		},
	);
	command('allow <identity> <address>', 'let an identity come from an address, for good').action(
		async (identity: string, address: string, options: OriginOptions) => {
			const known = (await ask(options, 'origin-allow', {identity, address})) as KnownOrigin;
			print(options, known, linesOf(known));
		},
	);
	command('forget <identity> [address]', 'forget one address of an identity, or all of them').action(
		async (identity: string, address: string | undefined, options: OriginOptions) => {
			const body = {identity, ...(address !== undefined && {address})};
			const answer = (await ask(options, 'origin-forget', body)) as {readonly forgotten: number};
			print(options, answer, [`forgot ${answer.forgotten} of ${identity}`]);
		},
	);
}

function ask({config}: OriginOptions, command: string, body: object): Promise<unknown> {
	return askOrigins(readConfiguration(config), command, body);
}

function linesOf({identity, records}: KnownOrigin): readonly string[] {
	return records.map(
		({address, evidence, firstMs, lastMs, count}) =>
			`${identity}  ${address}  ${evidence}  first ${timeOf(firstMs)}  last ${timeOf(lastMs)}  ${count} times`,
	);
}

function timeOf(wallMs: number): string {
	return new Date(wallMs).toISOString();
}

function print({json = false}: OriginOptions, value: unknown, lines: readonly string[]): void {
	process.stdout.write(json ? `${JSON.stringify(value)}\n` : lines.map((line) => `${line}\n`).join(''));
}

const pageSize = 1000;
