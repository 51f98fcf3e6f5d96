import {createCipheriv, createDecipheriv, createHmac, randomBytes} from 'node:crypto';
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import process from 'node:process';
import {fromHex, wipe} from '../../../base/bytes.js';
import {SallyportError} from '../../../base/error.js';

/** Where the storage key comes from: 64 hexadecimal digits in a file, an environment variable or a credential of systemd. */
export type StorageKeySource =
	| {readonly file: string}
	/** Name of the variable. It is removed from the environment when it has been read. */
	| {readonly environment: string}
	/** Name of the credential, in the folder that `CREDENTIALS_DIRECTORY` names. */
	| {readonly credential: string};

/** Octets encrypted for the disk. */
export type SealedOctets = {
	/** Which storage key they were encrypted under, without saying the key. */
	readonly storageKey: string;
	readonly nonce: Uint8Array;
	readonly ciphertext: Uint8Array;
	readonly tag: Uint8Array;
};

/** The key under which private keys lie on disk: AES-256-GCM with a random nonce each. It names itself, and shows itself to nobody. */
export class StorageKey {
	readonly name: string;
	readonly #key: Uint8Array;

	constructor(key: Uint8Array) {
		this.#key = Uint8Array.from(key);
		this.name = createHmac('sha256', key).update('sallyport storage key').digest('hex').slice(0, 16);
	}

	/** Throws `SallyportError` STORAGE_KEY_UNREADABLE. */
	static read(source: StorageKeySource, environment: NodeJS.ProcessEnv = process.env): StorageKey {
		const text = readText(source, environment)?.trim() ?? '';
		if (!/^[\da-f]{64}$/i.test(text)) {
			const [[kind = '', name = ''] = []] = Object.entries(source);
			throw new SallyportError(
				'STORAGE_KEY_UNREADABLE',
				`Expected a storage key of 64 hexadecimal digits in the ${kind} ${name}.`,
			);
		}

		return new StorageKey(fromHex(text));
	}

	/** Encrypts; `label` says what it is, and must be given again. */
	seal(label: string, octets: Uint8Array): SealedOctets {
		const nonce = randomBytes(12);
		const cipher = createCipheriv('aes-256-gcm', this.#key, nonce).setAAD(Buffer.from(label));
		const ciphertext = Buffer.concat([cipher.update(octets), cipher.final()]);
		return {storageKey: this.name, nonce, ciphertext, tag: cipher.getAuthTag()};
	}

	/** Throws `SallyportError` STORAGE_KEY_WRONG where the key is another one, or what lies on disk was changed. */
	open(label: string, {storageKey, nonce, ciphertext, tag}: SealedOctets): Uint8Array {
		try {
			const cipher = createDecipheriv('aes-256-gcm', this.#key, nonce, {authTagLength: 16});
			cipher.setAAD(Buffer.from(label)).setAuthTag(tag);
			return Buffer.concat([cipher.update(ciphertext), cipher.final()]);
		} catch {
			const why = storageKey === this.name ? 'what lies there was changed' : 'they lie under another one';
			throw new SallyportError('STORAGE_KEY_WRONG', `Expected the storage key of the private keys, but ${why}.`);
		}
	}

	destroy(): void {
		wipe(this.#key);
	}

	toJSON(): string {
		return '[StorageKey]';
	}
}

function readText(source: StorageKeySource, environment: NodeJS.ProcessEnv): string | undefined {
	if ('environment' in source) {
		const text = environment[source.environment];
		delete environment[source.environment];
		return text;
	}

	const folder = environment['CREDENTIALS_DIRECTORY'];
	const path = 'file' in source ? source.file : folder === undefined ? undefined : join(folder, source.credential);
	try {
		return path === undefined ? undefined : readFileSync(path, 'utf8');
	} catch {
		return undefined;
	}
}
