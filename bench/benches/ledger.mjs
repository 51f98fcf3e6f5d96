// What the ledger takes: bodies claimed per second, each with a message and two keys, each answered when it is on disk.
import {randomBytes} from 'node:crypto';
import {closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, statSync, writeSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {Ledger} from '../../dist/trusted/toolbox/ledger/ledger.js';
import {LmdbLedgerStore} from '../../dist/trusted/toolbox/ledger/lmdb-ledger-store.js';

export const purpose =
	'bodies claimed per second, durable, at 0 and 1 million entries (--entries N,N… for others), p99 at 1,000/s';

const inFlight = 64;
const pacedPerSecond = 1000;
const months = 24;
const monthMs = 30 * 86_400_000;
const nowMs = Date.UTC(2030, 0, 15);
const limits = {
	messageRetentionMs: 360_000,
	peerKeyRetentionMs: months * monthMs,
	ownKeyRetentionMs: 86_400_000,
	recordsPerSigner: 2_000_000_000,
	recordsPerTrunk: 2_000_000_000,
	recordsUnproven: 2_000_000_000,
	records: 2_000_000_000,
	takeovers: 3,
	leaseMs: 0,
};

/** Each size once, in a ledger of its own; `runs` bursts in it. */
export async function run({runs, seconds, entries}) {
	const metrics = {};
	const spread = {};
	const note = (name, values) => {
		const sorted = values.toSorted((a, b) => a - b);
		metrics[name] = sorted[Math.floor(sorted.length / 2)];
		spread[name] = [sorted[0], sorted.at(-1)];
	};
	const curve = [];
	note('fdatasyncUs', syncTimes());
	for (const size of entries) {
		const directory = mkdtempSync(join(tmpdir(), 'sallyport-bench-ledger-'));
		try {
			const store = await LmdbLedgerStore.open(directory, {nowMs});
			const ledger = new Ledger(store, limits);
			const file = join(directory, 'ledger/data.mdb');
			await load(store, size);
			const loadedOctets = statSync(file).size;
			await demandRefusals(ledger, directory);
			const bursts = [];
			for (let index = 0; index < runs; index++) {
				process.stderr.write('.');
				bursts.push(await burst(ledger, 1000 * seconds));
			}

			note(`bodiesPerSecond ${size}`, bursts);
			const latencies = await paced(ledger, Math.max(1, Math.round(pacedPerSecond * seconds)));
			note(`p50MsAt1000 ${size}`, [latencies[Math.floor(latencies.length / 2)]]);
			note(`p99MsAt1000 ${size}`, [latencies[Math.floor(latencies.length * 0.99)]]);
			const octetsPerEntry = loadedOctets / Math.max(1, size);
			if (size > 0) {
				note(`octetsPerEntry ${size}`, [octetsPerEntry]);
			}

			curve.push({size, perSecond: metrics[`bodiesPerSecond ${size}`], octetsPerEntry});
			await store.close();
		} finally {
			rmSync(directory, {recursive: true, force: true});
		}
	}

	return {
		contenders: [{name: 'ours', metrics, spread}],
		ratios: {},
		remarks: [
			`${inFlight} in flight, three identities each; answered after the sync. Loaded in the order of keys, over ${months} monthly tables.`,
			'Before timing, a body was granted once, refused again, and refused after another start on the same files.',
			...carriedOn(curve),
		],
	};
}

/** From the two largest sizes: time by the logarithm of the size, as a tree grows; room by the size. */
function carriedOn(curve) {
	const loaded = curve.filter(({size}) => size > 0);
	const last = loaded.at(-1);
	const before = curve.at(-2);
	if (!last || !before) {
		return [];
	}

	const rise = (1 / last.perSecond - 1 / before.perSecond) / Math.log10(last.size / Math.max(1e4, before.size));
	return [1e7, 1e8, 1e9]
		.filter((size) => size > last.size)
		.map((size) => {
			const seconds = 1 / last.perSecond + Math.max(0, rise) * Math.log10(size / last.size);
			const gibibytes = (last.octetsPerEntry * size) / 2 ** 30;
			return (
				`Carried on to ${size.toExponential(0)} entries: ${Math.round(1 / seconds)} bodies per second while the tables ` +
				`are in memory, ${gibibytes.toFixed(1)} GiB.`
			);
		});
}

function bodyOf(ledger, index) {
	return {
		dialog: {callId: `${randomBytes(12).toString('hex')}@192.0.2.7`, offererTag: randomBytes(4).toString('hex')},
		holder: {epoch: ledger.epoch, call: `call-${index}`, leg: 'caller'},
		signer: `sip:user${index % 1000}@biloxi.example.com`,
		maker: 'peer',
		message: {fingerprint: randomBytes(32).toString('hex'), signedAtMs: nowMs, sequence: 1, isAnswer: false},
		keys: [0, 1].map((mediaIndex) => ({
			fingerprint: randomBytes(16).toString('hex'),
			saltTag: randomBytes(16).toString('hex'),
			mediaIndex,
		})),
	};
}

/** Keys as a peer's calls of two years leave them: retired, in ascending order. */
async function load(store, size) {
	const step = 2 ** 48 / Math.max(1, size);
	for (let start = 0; start < size; start += loadBatch) {
		const writes = new Map();
		for (let index = start; index < Math.min(size, start + loadBatch); index++) {
			const head = Math.floor(index * step)
				.toString(16)
				.padStart(12, '0');
			const fingerprint = head + randomBytes(10).toString('hex');
			const {dialog, holder, signer} = bodyOf({epoch: 1}, index);
			writes.set(`key:${fingerprint}`, {
				...dialog,
				...holder,
				signer,
				account: `user ${signer}`,
				kind: 'key',
				fingerprint,
				state: 'retired',
				maker: 'peer',
				isHeld: false,
				takeovers: 0,
				saltTag: randomBytes(16).toString('hex'),
				mediaIndex: 0,
				signedAtMs: 0,
				sequence: 0,
				atMs: nowMs,
				expiresAtMs: nowMs + (1 + (index % months)) * monthMs,
			});
		}

		await store.update(() => ({outcome: undefined, writes}));
	}
}

/** Throws unless a body is granted once, and refused after that, over a restart too. */
async function demandRefusals(ledger, directory) {
	const body = bodyOf(ledger, 0);
	const first = await ledger.claim(body, nowMs);
	const other = {...body, dialog: {callId: 'another', offererTag: 't'}};
	const second = await ledger.claim(other, nowMs);
	const third = await ledger.claim({...bodyOf(ledger, 1), keys: body.keys}, nowMs);
	if (!first.ok || second.ok || third.ok) {
		throw new Error('Expected a body to be granted once.');
	}

	const copy = mkdtempSync(join(tmpdir(), 'sallyport-bench-ledger-'));
	try {
		const small = await LmdbLedgerStore.open(copy, {nowMs});
		const granted = await new Ledger(small, limits).claim(
			{...body, holder: {...body.holder, epoch: small.epoch}},
			nowMs,
		);
		await small.close();
		const again = await LmdbLedgerStore.open(copy, {nowMs});
		const refused = await new Ledger(again, limits).claim(
			{...other, holder: {...body.holder, epoch: again.epoch}},
			nowMs,
		);
		await again.close();
		if (!granted.ok || refused.ok) {
			throw new Error(`Expected what was claimed in ${directory} to be known after a restart.`);
		}
	} finally {
		rmSync(copy, {recursive: true, force: true});
	}
}

async function burst(ledger, forMs) {
	const start = performance.now();
	let done = 0;
	const worker = async () => {
		while (performance.now() - start < forMs) {
			const granted = await ledger.claim(bodyOf(ledger, done), nowMs);
			if (!granted.ok) {
				throw new Error(`Expected a claim to be granted, got ${granted.failure.code}.`);
			}

			done++;
		}
	};
	await Promise.all(Array.from({length: inFlight}, worker));
	return (1000 * done) / (performance.now() - start);
}

/** Latencies, in milliseconds and ascending, from the moment at which a claim was due. */
async function paced(ledger, count) {
	const latencies = [];
	const waiting = [];
	const start = performance.now();
	for (let index = 0; index < count; ) {
		const due = Math.min(count, Math.floor(((performance.now() - start) * pacedPerSecond) / 1000));
		for (; index < due; index++) {
			const dueMs = start + (1000 * index) / pacedPerSecond;
			waiting.push(
				ledger.claim(bodyOf(ledger, index), nowMs).then(({ok}) => {
					latencies.push(ok ? performance.now() - dueMs : Number.POSITIVE_INFINITY);
				}),
			);
		}

		await sleep(1);
	}

	await Promise.all(waiting);
	return latencies.sort((a, b) => a - b);
}

/** What one small write and its sync take on this disk, in microseconds. */
function syncTimes() {
	const folder = mkdtempSync(join(tmpdir(), 'sallyport-bench-sync-'));
	const file = openSync(join(folder, 'file'), 'w');
	try {
		return Array.from({length: 50}, (_, index) => {
			const start = performance.now();
			writeSync(file, randomBytes(4096), 0, 4096, 4096 * index);
			fdatasyncSync(file);
			return 1000 * (performance.now() - start);
		});
	} finally {
		closeSync(file);
		rmSync(folder, {recursive: true, force: true});
	}
}

const loadBatch = 50_000;
