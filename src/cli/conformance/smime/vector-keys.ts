import {createPrivateKey, type KeyObject, X509Certificate} from 'node:crypto';
import {readdir, readFile} from 'node:fs/promises';
import {join} from 'node:path';
import {type CmsProvider, openCmsProvider, type PemKeyPair} from '../../../trusted/smime/index.js';

/** A folder of messages and the keys in its `keys`; those of kinds and sizes that are never taken stay out. */
export class KeyFolder {
	readonly path: string;
	#cms: Promise<CmsProvider> | undefined;

	constructor(path: string) {
		this.path = path;
	}

	async use<Value>(run: (cms: CmsProvider) => Promise<Value>): Promise<Value> {
		this.#cms ??= readPairs(join(this.path, 'keys')).then(
			async (keys) => (await openCmsProvider({keys, workers: 1})).provider,
		);
		return run(await this.#cms);
	}

	async close(): Promise<void> {
		await (await this.#cms)?.close();
	}
}

/** Every private key with each certificate of its. */
async function readPairs(folder: string): Promise<readonly PemKeyPair[]> {
	const names = await readdir(folder).catch(() => []);
	const files = await Promise.all(names.toSorted().map((name) => readFile(join(folder, name))));
	const keys = files.flatMap((octets) => readKey(octets) ?? []);
	const certificates = files.flatMap((octets) => readCertificate(octets) ?? []);
	return keys.filter(isTaken).flatMap((key) =>
		certificates
			.filter((certificate) => certificate.checkPrivateKey(key))
			.map((certificate) => ({
				certificatePem: certificate.toString(),
				privateKeyPem: key.export({type: 'pkcs8', format: 'pem'}) as string,
			})),
	);
}

function isTaken({asymmetricKeyType, asymmetricKeyDetails}: KeyObject): boolean {
	return asymmetricKeyType === 'rsa'
		? (asymmetricKeyDetails?.modulusLength ?? 0) >= 2048
		: asymmetricKeyType === 'ec' && /^(?:prime256v1|secp(?:384|521)r1)$/.test(asymmetricKeyDetails?.namedCurve ?? '');
}

function readKey(octets: Buffer): KeyObject | undefined {
	try {
		return octets[0] === 0x30
			? createPrivateKey({key: octets, format: 'der', type: 'pkcs8'})
			: createPrivateKey(octets);
	} catch {
		return undefined;
	}
}

function readCertificate(octets: Buffer): X509Certificate | undefined {
	try {
		return new X509Certificate(octets);
	} catch {
		return undefined;
	}
}
