import {mkdirSync} from 'node:fs';
import {join} from 'node:path';
import {type Database, open, type RootDatabase} from 'lmdb';
import type {TemplateText} from '../engine/template-signers.js';
import type {OriginRecord} from '../origin/origin-record.js';
import type {Alert} from '../protocol.js';

/** The toolbox's databases beside the ledger: what may be lost without opening anything. */
export class StateDatabase {
	readonly alerts: Database<Alert, number>;
	readonly origins: Database<readonly OriginRecord[], string>;
	/** The operator's templates that came at run time, by name. */
	readonly templates: Database<TemplateText, string>;
	readonly #root: RootDatabase;

	private constructor(root: RootDatabase) {
		this.#root = root;
		this.alerts = root.openDB({name: 'alerts'});
		this.origins = root.openDB({name: 'origins'});
		this.templates = root.openDB({name: 'templates'});
	}

	/** Opens or makes the databases in `directory`. */
	static open(directory: string): StateDatabase {
		const folder = join(directory, 'state');
		mkdirSync(folder, {recursive: true, mode: 0o700});
		return new StateDatabase(open({path: folder, noSubdir: false, maxDbs: 16}));
	}

	async close(): Promise<void> {
		await this.#root.flushed;
		await this.#root.close();
	}
}
