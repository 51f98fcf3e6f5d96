import {createPrivateKey} from 'node:crypto';
import {z} from 'zod';
import {SallyportError} from '../../../base/error.js';
import type {TemplateText} from '../engine/template-signers.js';
import type {OriginRecord} from '../origin/origin-record.js';
import type {Alert} from '../protocol.js';
import {schemaVersion} from './schema-migration.js';
import type {StateDatabase} from './state-database.js';
import type {StorageKey} from './storage-key.js';

/** What is needed to take private keys along: the key that they lie under, and a passphrase for the way. */
export type KeyTransport = {readonly storageKey: StorageKey; readonly passphrase: string};

/**
 * The databases as plain data: alerts, origins, templates, registry, authorisations, policies, configuration. Private keys only with `keys`, and then each as
 * PKCS #8 encrypted under the passphrase. The ledger is not among them: its fingerprints mean nothing without its secret, and
 * an older one put in place of a newer would have forgotten what came in between.
 */
export function exportState(database: StateDatabase, keys?: KeyTransport): object {
	const entries = (table: {readonly getRange: () => Iterable<{readonly key: unknown; readonly value: unknown}>}) =>
		[...table.getRange()].map(({key, value}) => [key, value]);
	return {
		format,
		schema: schemaVersion,
		alerts: entries(database.alerts),
		origins: entries(database.origins),
		templates: entries(database.templates),
		registry: entries(database.registry),
		authorisations: entries(database.authorisations),
		policies: entries(database.policies),
		configuration: entries(database.configuration),
		...(keys && {
			keys: database.keys.read(keys.storageKey).map(({certificate, privateKey}) => ({
				certificate,
				privateKey: createPrivateKey(privateKey).export({
					type: 'pkcs8',
					format: 'pem',
					cipher: 'aes-256-cbc',
					passphrase: keys.passphrase,
				}),
			})),
		}),
	};
}

/**
 * Puts alerts, origins, templates and, with `keys`, private keys of an export into databases, over what has the same name. Returns how many of
 * each. Rejects with `SallyportError` BAD_EXPORT, before anything was written; templates are checked at the next start.
 */
export async function importState(
	database: StateDatabase,
	data: unknown,
	keys?: KeyTransport,
): Promise<Readonly<Record<string, number>>> {
	const parsed = exported.safeParse(data);
	if (!parsed.success) {
		const [issue] = parsed.error.issues;
		throw new SallyportError('BAD_EXPORT', `Expected ${format}, got a fault in \`${issue?.path.join('.') ?? ''}\`.`);
	}

	const {alerts, origins, templates, keys: sealed = []} = parsed.data;
	const identities = keys === undefined ? [] : sealed.map((identity) => opened(identity, keys.passphrase));
	if (keys !== undefined) {
		database.keys.keep(identities, keys.storageKey);
	}

	await Promise.all([
		...alerts.map(([sequence, alert]) => database.alerts.put(sequence, alert as unknown as Alert)),
		...origins.map(([name, records]) => database.origins.put(name, records as unknown as readonly OriginRecord[])),
		...templates.map(([name, text]) => database.templates.put(name, text as TemplateText)),
	]);
	await database.flush();
	return {alerts: alerts.length, origins: origins.length, templates: templates.length, keys: identities.length};
}

function opened({certificate, privateKey}: {certificate: string; privateKey: string}, passphrase: string) {
	try {
		const key = createPrivateKey({key: privateKey, passphrase});
		return {certificate, privateKey: String(key.export({type: 'pkcs8', format: 'pem'}))};
	} catch {
		throw new SallyportError('BAD_EXPORT', 'Expected the passphrase of the exported keys, got another.');
	}
}

const format = 'sallyport-state/1';
const exported = z.object({
	format: z.literal(format),
	schema: z.literal(schemaVersion),
	alerts: z.array(z.tuple([z.int().min(1), z.record(z.string(), z.unknown())])),
	origins: z.array(
		z.tuple([z.string().min(1).max(500), z.array(z.looseObject({address: z.string(), lastMs: z.number()}))]),
	),
	templates: z.array(
		z.tuple([z.string().min(1), z.strictObject({yaml: z.string(), signature: z.string().exactOptional()})]),
	),
	keys: z.array(z.strictObject({certificate: z.string(), privateKey: z.string()})).exactOptional(),
});
