import {type ChildProcess, spawn} from 'node:child_process';
import {randomBytes} from 'node:crypto';
import {once} from 'node:events';
import {createInterface} from 'node:readline';
import test, {type ExecutionContext} from 'ava';
import {type SrtpSuiteName, srtpSuites} from '#dist/wire/sdes/suites.js';
import {Phone, rtpPacket} from './support/phone.js';
import {loopback, must, SharedKey} from './support/plane.js';
import {findInMemory} from './support/process-memory.js';
import {derivedSecrets, masterSecrets, type Secrets} from './support/session-secrets.js';

const moduleUrl = (path: string) => JSON.stringify(import.meta.resolve(`#dist/trusted/media/${path}`));

/**
 * A process that takes four keys from its standard input, reads them into memory that it wipes, and goes on by one step
 * for every octet that comes after: each step is told in a line.
 */
function program(suites: readonly SrtpSuiteName[], remotePort: number): string {
	const octets = suites.map((suite) => srtpSuites[suite].keyOctets + srtpSuites[suite].saltOctets);
	return `
		const {readSync, writeSync} = await import('node:fs');
		const {MediaPlane} = await import(${moduleUrl('media-plane.js')});
		const {MasterKey} = await import(${moduleUrl('srtp/master-key.js')});
		const pause = new Int32Array(new SharedArrayBuffer(4));
		const read = (bytes, at) => {
			for (;;) {
				try {
					return readSync(0, bytes, at, bytes.length - at);
				} catch (error) {
					if (error.code !== 'EAGAIN') throw error;
					Atomics.wait(pause, 0, 0, 5);
				}
			}
		};
		const step = (line) => { writeSync(1, line + '\\n'); read(new Uint8Array(1), 0); };
		const take = (suite, octets) => {
			const bytes = new Uint8Array(octets);
			for (let at = 0; at < octets; ) at += read(bytes, at);
			const key = MasterKey.fromBytes(suite, bytes);
			bytes.fill(0);
			return {slot: key.deposit()};
		};
		const plane = MediaPlane.open({interfaces: ${JSON.stringify(loopback())}, workers: 1});
		const address = '127.0.0.1';
		const {relay, legs} = await plane.createRelay([{}, {}]);
		const remote = {rtp: {address, port: ${remotePort}}, rtcp: {address, port: ${remotePort} + 1}};
		await plane.configureLeg(relay, 1, {remote, sessions: {kind: 'clear'}});
		const keys = ${JSON.stringify(suites)}.map((suite, i) => take(suite, ${JSON.stringify(octets)}[i]));
		step('deposited ' + legs[0].rtp.port);
		const install = (inbound, outbound) => plane.configureLeg(relay, 0, {
			remote,
			sessions: {kind: 'srtp', inbound: {keys: [inbound]}, outbound},
		});
		await install(keys[0], keys[1]);
		step('up');
		await install(keys[2], keys[3]);
		step('rekeyed');
		await plane.destroyRelay(relay);
		step('destroyed');
		plane.close();
		step('closed');
		process.exit(0);
	`;
}

class Subject {
	readonly process: ChildProcess;
	readonly #lines: AsyncIterator<string>;

	constructor(t: ExecutionContext, source: string) {
		this.process = spawn(process.execPath, ['--input-type=module', '--eval', source], {
			stdio: ['pipe', 'pipe', 'inherit'],
		});
		t.teardown(() => this.process.kill('SIGKILL'));
		this.#lines = createInterface({input: this.process.stdout as NodeJS.ReadableStream})[Symbol.asyncIterator]();
	}

	/** The next step that it told. */
	async line(): Promise<string> {
		const {value} = await this.#lines.next();
		return value;
	}

	go(octets: Uint8Array = Uint8Array.of(0)): void {
		this.process.stdin?.write(octets);
	}

	find(secrets: Secrets): readonly string[] {
		return [...findInMemory(this.process.pid as number, secrets)].map(([name, where]) => `${name} in ${where}`);
	}
}

for (const suites of [
	['AES_CM_128_HMAC_SHA1_80', 'AES_256_CM_HMAC_SHA1_32', 'AEAD_AES_128_GCM', 'AEAD_AES_256_GCM'],
	['AEAD_AES_256_GCM', 'AEAD_AES_128_GCM', 'AES_192_CM_HMAC_SHA1_80', 'AES_CM_128_HMAC_SHA1_32'],
] as readonly (readonly SrtpSuiteName[])[]) {
	test.serial(`a process forgets the keys of a leg: ${suites.join(', ')}`, async (t) => {
		t.timeout(300_000);
		const phone = await Phone.open(t);
		const keys = suites.map((suite) => {
			const {keyOctets, saltOctets} = srtpSuites[suite];
			return randomBytes(keyOctets + saltOctets);
		});
		const subject = new Subject(t, program(suites, phone.address.port));
		const secretsOf = (derive: typeof masterSecrets, ...indices: number[]): Secrets =>
			new Map(
				indices.flatMap((i) =>
					[...derive(suites[i] as SrtpSuiteName, keys[i] as Buffer)].map(
						([name, octets]) => [`${suites[i]}: ${name}`, octets] as const,
					),
				),
			);
		const [first, second] = [secretsOf(derivedSecrets, 0, 1), secretsOf(derivedSecrets, 2, 3)];
		const masters = secretsOf(masterSecrets, 0, 1, 2, 3);

		subject.go(Buffer.concat(keys));
		const [, port] = (await subject.line()).split(' ');
		// The search finds what is there: the keys in the vault, whole.
		t.is(subject.find(masters).length, masters.size);

		const speak = async (index: number, count: number) => {
			const key = new SharedKey(suites[index] as SrtpSuiteName, keys[index]).outbound(t);
			await phone.send(must(key.protectRtp(rtpPacket({sequenceNumber: count}))), {
				address: '127.0.0.1',
				port: Number(port),
			});
			await phone.waitFor(count);
		};

		subject.go();
		t.is(await subject.line(), 'up');
		await speak(0, 1);
		t.true(isWhole(subject.find(first), first), 'the sessions in force are found');
		t.deepEqual(subject.find(secretsOf(masterSecrets, 0, 1)), []);

		subject.go();
		t.is(await subject.line(), 'rekeyed');
		await speak(2, 2);
		t.true(isWhole(subject.find(second), second), 'the sessions in force are found');
		// The worker's tick ends the old context half a second after the first packet under the new key.
		const deadline = Date.now() + 60_000;
		while (subject.find(first).length > 0 && Date.now() < deadline) {
			await new Promise((resolve) => setTimeout(resolve, 100));
		}

		t.deepEqual(subject.find(first), []);

		for (const step of ['destroyed', 'closed']) {
			subject.go();
			t.is(await subject.line(), step);
			t.deepEqual(subject.find(new Map([...masters, ...first, ...second])), [], step);
		}

		subject.go();
		t.deepEqual(await once(subject.process, 'exit'), [0, null]);
	});
}

/** Every kind of secret but the HMAC keys themselves, of which only the states are kept. */
function isWhole(found: readonly string[], secrets: Secrets): boolean {
	return found.length >= [...secrets.keys()].filter((name) => !name.endsWith('authentication key')).length;
}
