import {SallyportError} from '../../../base/error.js';

/** The layout that this version reads and writes. */
export const schemaVersion = 2;

export type SchemaMeta = {readonly schema: number};

type Table = {
	readonly getRange: () => Iterable<{readonly key: string; readonly value: unknown}>;
	readonly put: (key: string, value: unknown) => unknown;
	readonly getCount: () => number;
};

export type SchemaTables = {
	readonly meta: {
		readonly get: (key: string) => SchemaMeta | undefined;
		readonly put: (key: string, value: SchemaMeta) => unknown;
	};
	readonly origins: Table;
	readonly alerts: {readonly getCount: () => number};
	readonly transactionSync: (work: () => void) => void;
};

/**
 * Brings databases of an older layout to this one, in one transaction. Layout 1 had no mark of its version, and origins without a count.
 * Throws `SallyportError` DATABASE_NEWER where a later version has written them.
 */
export function migrateSchema({meta, origins, alerts, transactionSync}: SchemaTables): void {
	const isNew = origins.getCount() === 0 && alerts.getCount() === 0;
	const found = meta.get('schema')?.schema ?? (isNew ? schemaVersion : 1);
	if (found > schemaVersion) {
		throw new SallyportError(
			'DATABASE_NEWER',
			`Expected databases of layout ${schemaVersion} or older, got layout ${found}: a later version has written them.`,
		);
	}

	transactionSync(() => {
		if (found < 2) {
			for (const {key, value} of [...origins.getRange()]) {
				const records = value as readonly object[];
				origins.put(
					key,
					records.map((record) => ({count: 1, ...record})),
				);
			}
		}

		meta.put('schema', {schema: schemaVersion});
	});
}
