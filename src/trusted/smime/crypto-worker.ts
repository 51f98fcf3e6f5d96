import type {KeyObject} from 'node:crypto';
import {parentPort, workerData} from 'node:worker_threads';
import type {CryptoJob} from './crypto-job.js';
import {runCryptoJob} from './crypto-job.js';

/** Keys reach a worker once, at its start, as handles to OpenSSL's own memory. */
export type CryptoWorkerData = {readonly privateKeys: ReadonlyMap<string, KeyObject>};
export type CryptoWorkerRequest = {readonly id: number; readonly job: CryptoJob};
/** `octets` is undefined where the numbers did not work out; why is nobody's business. */
export type CryptoWorkerReply = {readonly id: number; readonly octets: readonly Uint8Array[] | undefined};

const {privateKeys} = workerData as CryptoWorkerData;

parentPort?.on('message', ({id, job}: CryptoWorkerRequest) => {
	let octets: Uint8Array[] | undefined;
	try {
		// A copy each: what OpenSSL hands out may be a window on a larger buffer, which would cross whole.
		octets = runCryptoJob(job, privateKeys).map((bytes) => new Uint8Array(bytes));
	} catch {
		octets = undefined;
	}

	parentPort?.postMessage({id, octets} satisfies CryptoWorkerReply);
});
