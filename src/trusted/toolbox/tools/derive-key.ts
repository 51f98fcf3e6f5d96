import {hkdfSync} from 'node:crypto';
import {z} from 'zod';
import {ok} from '../../../base/result.js';
import {defineGeneralTool} from '../engine/tool.js';

/** Key derivation: HKDF with SHA-256 (RFC 5869) from the secret of an association, a key for each label. */
export const deriveKey = defineGeneralTool({
	name: 'derive-key',
	version: 1,
	service: 'key derivation',
	purpose: 'Derives a key for one use from the secret of the association.',
	effect: 'none',
	inputs: {association: 'association'},
	outputs: {key: 'derived-key'},
	parameters: z.strictObject({label: z.string().regex(/^[a-z][a-z0-9-]{0,31}$/), octets: z.int().min(16).max(64)}),
	run: ({association}, {wipeLater}, {label, octets}) => {
		const info = `sallyport association ${association.identifier} ${label}`;
		const key = association.lend((secret) => new Uint8Array(hkdfSync('sha256', secret, '', info, octets)));
		wipeLater(key);
		return ok({key});
	},
});
