import {existsSync, mkdirSync} from 'node:fs';
import {join} from 'node:path';
import {type Database, open, type RootDatabase} from 'lmdb';
import {SallyportError} from '../../../base/error.js';
import type {TemplateText} from '../engine/template-signers.js';
import {findFileFault} from '../ledger/lmdb-file.js';
import type {OriginRecord} from '../origin/origin-record.js';
import type {CallRule} from '../policy/call-rules.js';
import type {Alert} from '../protocol.js';
import {KeyStore, type StoredKey} from './key-store.js';
import {migrateSchema, type SchemaMeta} from './schema-migration.js';

/** The toolbox's databases beside the ledger. */
export class StateDatabase {
	readonly alerts: Database<Alert, number>;
	readonly origins: Database<readonly OriginRecord[], string>;
	/** The operator's templates that came at run time, by name. */
	readonly templates: Database<TemplateText, string>;
	/** What was in force at the last start, for those who look at it later: `tools` and `templates`, by that name. */
	readonly registry: Database<readonly string[], string>;
	/** The same of who may call whom: the rules (`calls`), by their place. */
	readonly authorisations: Database<CallRule, number>;
	/** The same of the policy: `peers`, `defaults`, `localDomains`. */
	readonly policies: Database<unknown, string>;
	/** The same of the other options, by name; none of them secret. */
	readonly configuration: Database<unknown, string>;
	readonly keys: KeyStore;
	readonly #root: RootDatabase;

	private constructor(root: RootDatabase) {
		this.#root = root;
		this.alerts = root.openDB({name: 'alerts'});
		this.origins = root.openDB({name: 'origins'});
		this.templates = root.openDB({name: 'templates'});
		this.registry = root.openDB({name: 'registry'});
		this.authorisations = root.openDB({name: 'authorisations'});
		this.policies = root.openDB({name: 'policies'});
		this.configuration = root.openDB({name: 'configuration'});
		this.keys = new KeyStore(root.openDB<StoredKey, string>({name: 'private-keys'}));
	}

	/** Opens or makes the databases in `directory`. Throws `SallyportError` DATABASE_DAMAGED, or DATABASE_NEWER. */
	static open(directory: string): StateDatabase {
		const folder = join(directory, 'state');
		mkdirSync(folder, {recursive: true, mode: 0o700});
		demandSoundFile(join(folder, 'data.mdb'));
		const root = open({path: folder, noSubdir: false, maxDbs: 16});
		const database = new StateDatabase(root);
		try {
			const meta = root.openDB<SchemaMeta, string>({name: 'meta'});
			const {alerts, origins} = database;
			migrateSchema({
				meta: {get: (key) => meta.get(key), put: (key, value) => meta.putSync(key, value)},
				alerts,
				origins: {
					getRange: () => origins.getRange(),
					put: (key, value) => origins.putSync(key, value as readonly OriginRecord[]),
					getCount: () => origins.getCount(),
				},
				transactionSync: (work) => root.transactionSync(work),
			});
		} catch (error) {
			void root.close();
			throw error;
		}

		return database;
	}

	/** Waits until everything is on disk. */
	async flush(): Promise<void> {
		await this.#root.flushed;
	}

	async close(): Promise<void> {
		await this.#root.flushed;
		await this.#root.close();
	}
}

/** LMDB takes an empty file for new databases, and ends the process at a page that is not there. */
function demandSoundFile(path: string): void {
	const fault = existsSync(path) ? findFileFault(path) : undefined;
	if (fault !== undefined) {
		throw new SallyportError(
			'DATABASE_DAMAGED',
			`Expected the databases as they were left, but ${fault}; restore ${path}, or move it away to start without them.`,
		);
	}
}
