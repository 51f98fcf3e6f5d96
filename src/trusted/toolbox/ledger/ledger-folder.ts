import {createHmac, randomBytes} from 'node:crypto';
import {mkdirSync, readFileSync, statSync} from 'node:fs';
import {join} from 'node:path';
import {SallyportError} from '../../../base/error.js';
import {writeDurably} from './durable-file.js';
import {findFileFault} from './lmdb-file.js';

/** What lies outside the ledger and remembers that there was one. */
export type Sentinel = {
	/** Says which secret the ledger's fingerprints were made with, without saying the secret. */
	readonly secretCheck: string;
	/** Starts of nodes that this ledger has seen. */
	readonly epoch: number;
};

export type LedgerFolder = {
	readonly dataFile: string;
	readonly folder: string;
	readonly secret: Uint8Array;
	readonly secretCheck: string;
	/** Undefined where there was never a ledger here. */
	readonly sentinel: Sentinel | undefined;
	readonly writeSentinel: (sentinel: Sentinel) => void;
};

/**
 * Looks at a ledger's folder before LMDB does. A file of length zero opens as an empty ledger, and one that was cut short
 * ends the process when a missing page is touched: both are refused here with a sentence that says what to do.
 */
export function openLedgerFolder(directory: string): LedgerFolder {
	const folder = join(directory, 'ledger');
	const dataFile = join(folder, 'data.mdb');
	const sentinelFile = join(directory, 'ledger.sentinel');
	mkdirSync(folder, {recursive: true, mode: 0o700});
	const sentinel = readSentinel(sentinelFile);
	checkDataFile(dataFile, sentinel !== undefined);
	const secret = readSecret(join(folder, 'fingerprint.secret'), sentinel !== undefined || (sizeOf(dataFile) ?? 0) > 0);
	const secretCheck = createHmac('sha256', secret).update('sallyport ledger secret').digest('hex');
	if (sentinel && sentinel.secretCheck !== secretCheck) {
		throw damaged('its fingerprint secret is not the one that it was made with');
	}

	return {
		folder,
		dataFile,
		secret,
		secretCheck,
		sentinel,
		writeSentinel: (next) => writeDurably(sentinelFile, Buffer.from(`${JSON.stringify(next)}\n`)),
	};
}

function readSentinel(path: string): Sentinel | undefined {
	if (sizeOf(path) === undefined) {
		return undefined;
	}

	try {
		const {secretCheck, epoch} = JSON.parse(readFileSync(path, 'utf8')) as Partial<Sentinel>;
		if (typeof secretCheck === 'string' && Number.isSafeInteger(epoch)) {
			return {secretCheck, epoch: Number(epoch)};
		}
	} catch {
		// Told below.
	}

	throw damaged(`the sentinel ${path} cannot be read`);
}

function readSecret(path: string, mustExist: boolean): Uint8Array {
	if (sizeOf(path) === undefined) {
		if (mustExist) {
			throw damaged(`its fingerprint secret ${path} is missing`);
		}

		writeDurably(path, randomBytes(secretOctets));
	}

	const secret = readFileSync(path);
	if (secret.length !== secretOctets) {
		throw damaged(`its fingerprint secret ${path} does not have ${secretOctets} octets`);
	}

	return Uint8Array.from(secret);
}

/** A file of length zero without a sentinel is what a crash in the first start of all leaves: nobody was promised anything. */
function checkDataFile(path: string, mustExist: boolean): void {
	const size = sizeOf(path);
	if (size === undefined && mustExist) {
		throw damaged(`there was a ledger, but ${path} is missing`);
	}

	const fault = size === undefined || (size === 0 && !mustExist) ? undefined : findFileFault(path);
	if (fault !== undefined) {
		throw damaged(fault);
	}
}

function sizeOf(path: string): number | undefined {
	return statSync(path, {throwIfNoEntry: false})?.size;
}

function damaged(what: string): SallyportError {
	return new SallyportError(
		'LEDGER_DAMAGED',
		`Expected the ledger as it was left, but ${what}; restore it, or remove ledger/ and ledger.sentinel to forget all that was accepted.`,
	);
}

const secretOctets = 32;
