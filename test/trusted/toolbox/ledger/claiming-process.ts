import {writeSync} from 'node:fs';
import process from 'node:process';
import {Ledger} from '#dist/trusted/toolbox/ledger/ledger.js';
import type {Claim, LedgerLimits} from '#dist/trusted/toolbox/ledger/ledger-rules.js';
import {LmdbLedgerStore, type WritePoint} from '#dist/trusted/toolbox/ledger/lmdb-ledger-store.js';

/** What the process is told on its command line. */
export type Orders = {
	readonly directory: string;
	/** Kills itself when it comes to this point for the `time`th time. */
	readonly die?: {readonly at: WritePoint; readonly time: number};
	/** Claims and installs one body after another, or as many as it can at once. */
	readonly bodies: number;
	readonly inFlight: number;
	/** Forgets a month of keys after so many bodies. */
	readonly sweepAfter?: number;
};

const dayMs = 86_400_000;
export const startMs = Date.UTC(2030, 0, 15);

export const limits: LedgerLimits = {
	messageRetentionMs: 360_000,
	peerKeyRetentionMs: 2 * dayMs,
	ownKeyRetentionMs: 10_000,
	recordsPerSigner: 1_000_000,
	recordsPerTrunk: 1_000_000,
	recordsUnproven: 1_000_000,
	records: 1_000_000,
	takeovers: 3,
	leaseMs: 0,
};

export function nameOf(kind: 'message' | 'key', body: number): string {
	return (body + 1).toString(16).padStart(kind === 'message' ? 64 : 32, '0');
}

export function claimOf(epoch: number, body: number, dialog = `d${body}`): Claim {
	return {
		dialog: {callId: dialog, offererTag: 't'},
		holder: {epoch, call: `c${body}`, leg: 'a'},
		signer: 's',
		maker: 'peer',
		message: {fingerprint: nameOf('message', body), signedAtMs: startMs, sequence: 1, isAnswer: false},
		keys: [{fingerprint: nameOf('key', body), saltTag: '5a17', mediaIndex: 0}],
	};
}

/** Writes a line before anything else happens, however slowly it is read. */
function say(line: string): void {
	for (;;) {
		try {
			writeSync(1, line);
			return;
		} catch (error) {
			if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') {
				throw error;
			}

			Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
		}
	}
}

async function obey({directory, die, bodies, inFlight, sweepAfter}: Orders): Promise<void> {
	let times = 0;
	const probe = (point: WritePoint) => {
		if (point === die?.at && ++times === die.time) {
			process.kill(process.pid, 'SIGKILL');
		}
	};
	const ledger = new Ledger(await LmdbLedgerStore.open(directory, {nowMs: startMs, probe}), limits);
	say('open\n');
	let next = 0;
	const worker = async () => {
		while (next < bodies) {
			const body = next++;
			const claim = claimOf(ledger.epoch, body);
			if ((await ledger.claim(claim, startMs)).ok) {
				say(`granted ${body}\n`);
			}

			const install = {holder: claim.holder, key: nameOf('key', body), message: nameOf('message', body), replaces: []};
			// Every other one stays reserved.
			if (body % 2 === 0 && (await ledger.install(install)).ok) {
				say(`installed ${body}\n`);
			}

			if (body === sweepAfter) {
				await ledger.sweep(startMs + 40 * dayMs);
				say('swept\n');
			}
		}
	};
	await Promise.all(Array.from({length: inFlight}, worker));
	say('done\n');
	setInterval(() => {}, 1000);
}

const [, main, orders] = process.argv;
if (main?.endsWith('claiming-process.js') && orders !== undefined) {
	await obey(JSON.parse(orders) as Orders);
}
