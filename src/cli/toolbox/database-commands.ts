import {readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import process from 'node:process';
import type {Command} from 'commander';
import {SallyportError} from '../../base/error.js';
import {compactFile} from '../../trusted/toolbox/databases/compaction.js';
import {checkState} from '../../trusted/toolbox/databases/state-check.js';
import {StateDatabase} from '../../trusted/toolbox/databases/state-database.js';
import {exportState, importState, type KeyTransport} from '../../trusted/toolbox/databases/state-export.js';
import {StorageKey} from '../../trusted/toolbox/databases/storage-key.js';
import type {ToolboxOptions} from '../../trusted/toolbox/policy/toolbox-options.js';
import {readConfiguration} from '../configuration-file.js';
import {claimState} from '../state-claim.js';

type Options = {readonly config: string; readonly json?: boolean; readonly passphraseFile?: string};

/** Adds `export`, `import`, `check`, `compact` and `rotate-key`: each on the databases of a gateway that does not run. */
export function registerDatabaseCommands(toolbox: Command): void {
	const command = (words: string, description: string) =>
		toolbox
			.command(words)
			.description(description)
			.requiredOption('-c, --config <file>', 'configuration of the gateway, which must not run')
			.option('--json', 'print JSON');
	command('export <file>', 'write the databases into a file, without private keys')
		.option('--passphrase-file <file>', 'take the private keys along, encrypted under this passphrase')
		.action((file: string, options: Options) =>
			onState(options, async (toolboxOptions) => {
				const data = await withDatabase(toolboxOptions, async (database) =>
					exportState(database, transportOf(options, toolboxOptions)),
				);
				writeFileSync(file, `${JSON.stringify(data, undefined, '\t')}\n`, {mode: 0o600});
				say(options, {file}, [`wrote ${file}`]);
			}),
		);
	command('import <file>', 'put what an export has into the databases')
		.option('--passphrase-file <file>', 'take its private keys, encrypted under this passphrase')
		.action((file: string, options: Options) =>
			onState(options, async (toolboxOptions) => {
				const data = readExport(file);
				const counts = await withDatabase(toolboxOptions, (database) =>
					importState(database, data, transportOf(options, toolboxOptions)),
				);
				say(
					options,
					counts,
					Object.entries(counts).map(([name, count]) => `${name}: ${count}`),
				);
			}),
		);
	command('check', 'look through ledger, databases and audit log; exit code 1 when something is wrong').action(
		(options: Options) =>
			onState(options, async ({directory, storageKey}) => {
				const parts = await checkState(directory, storageKey && StorageKey.read(storageKey));
				say(
					options,
					parts,
					parts.map(({part, fault}) => `${part}: ${fault ?? 'sound'}`),
				);
				process.exitCode = parts.some(({fault}) => fault !== undefined) ? 1 : 0;
			}),
	);
	command('compact', 'write ledger and databases anew without their free pages').action((options: Options) =>
		onState(options, async ({directory}) => {
			const done = [];
			for (const folder of ['ledger', 'state']) {
				done.push(await compactFile(join(directory, folder, 'data.mdb')));
			}

			say(
				options,
				done,
				done.map(({path, before, after}) => `${path}: ${before} octets before, ${after} after`),
			);
		}),
	);
	command('rotate-key <file>', 'encrypt the private keys under the storage key in this file').action(
		(file: string, options: Options) =>
			onState(options, async (toolboxOptions) => {
				const from = storageKeyOf(toolboxOptions);
				const to = StorageKey.read({file});
				const keys = await withDatabase(toolboxOptions, async (database) => database.keys.rotate(from, to));
				say(options, {keys, storageKey: to.name}, [`${keys} private keys now lie under ${to.name}`]);
			}),
	);
}

async function onState({config}: Options, work: (options: ToolboxOptions) => Promise<void>): Promise<void> {
	const {toolbox} = readConfiguration(config);
	const claim = await claimState(toolbox.directory);
	try {
		await work(toolbox);
	} finally {
		await claim.release();
	}
}

async function withDatabase<Outcome>(
	{directory}: ToolboxOptions,
	work: (database: StateDatabase) => Promise<Outcome>,
): Promise<Outcome> {
	const database = StateDatabase.open(directory);
	try {
		return await work(database);
	} finally {
		await database.close();
	}
}

function transportOf({passphraseFile}: Options, options: ToolboxOptions): KeyTransport | undefined {
	return passphraseFile === undefined
		? undefined
		: {storageKey: storageKeyOf(options), passphrase: readText(passphraseFile).trim()};
}

function storageKeyOf({storageKey}: ToolboxOptions): StorageKey {
	if (storageKey === undefined) {
		throw new SallyportError('BAD_ARGUMENTS', 'Expected a `storageKey` in the configuration, got none.');
	}

	return StorageKey.read(storageKey);
}

function readExport(file: string): unknown {
	try {
		return JSON.parse(readText(file));
	} catch (error) {
		throw error instanceof SallyportError ? error : new SallyportError('BAD_EXPORT', `Expected JSON in ${file}.`);
	}
}

function readText(file: string): string {
	try {
		return readFileSync(file, 'utf8');
	} catch (cause) {
		throw new SallyportError('BAD_ARGUMENTS', `Expected a readable file at ${file}.`, {cause});
	}
}

function say({json}: Options, data: unknown, lines: readonly string[]): void {
	process.stdout.write(json ? `${JSON.stringify(data, undefined, '\t')}\n` : lines.map((line) => `${line}\n`).join(''));
}
