import {createCipheriv, createDecipheriv} from 'node:crypto';
import {z} from 'zod';
import {ok} from '../../../base/result.js';
import {defineGeneralTool, refuse} from '../engine/tool.js';

const ciphers = {'aes-128-cbc': 16, 'aes-256-cbc': 32} as const;
const parameters = z.strictObject({cipher: z.enum(['aes-128-cbc', 'aes-256-cbc'])});

/** Encryption of octets: AES in CBC mode under a fresh random IV (RFC 3602), padded to whole blocks. */
export const encryptOctets = defineGeneralTool({
	name: 'encrypt-octets',
	version: 1,
	service: 'encryption',
	purpose: 'Encrypts octets under a derived key.',
	effect: 'encrypts',
	inputs: {octets: 'octets', key: 'derived-key', iv: 'random-octets'},
	outputs: {ciphertext: 'ciphertext'},
	parameters,
	run: ({octets, key, iv}, _context, {cipher}) => {
		if (key.length !== ciphers[cipher] || iv.length !== blockOctets) {
			return refuse('SEALING_FAILED', `Expected a key of ${ciphers[cipher]} octets and an IV of ${blockOctets}.`);
		}

		const operation = createCipheriv(cipher, key, iv);
		return ok({ciphertext: Uint8Array.from(Buffer.concat([operation.update(octets), operation.final()]))});
	},
});

/** Decryption of octets. Takes only what has been authenticated, so that padding tells a stranger nothing. */
export const decryptOctets = defineGeneralTool({
	name: 'decrypt-octets',
	version: 1,
	service: 'decryption',
	purpose: 'Decrypts an authenticated packet under a derived key.',
	effect: 'opens',
	inputs: {packet: 'authentic-packet', key: 'derived-key'},
	outputs: {octets: 'decrypted-octets'},
	parameters,
	run: ({packet: {iv, ciphertext}, key}, {wipeLater}, {cipher}) => {
		if (key.length !== ciphers[cipher] || iv.length !== blockOctets) {
			return refuse('DECRYPTION_FAILED', `Expected a key of ${ciphers[cipher]} octets and an IV of ${blockOctets}.`);
		}

		const operation = createDecipheriv(cipher, key, iv);
		try {
			const octets = Buffer.concat([operation.update(ciphertext), operation.final()]);
			wipeLater(octets);
			return ok({octets});
		} catch {
			return refuse('DECRYPTION_FAILED', 'Expected whole blocks with padding.');
		}
	},
});

const blockOctets = 16;
