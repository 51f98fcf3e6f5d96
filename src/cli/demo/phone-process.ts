/** A telephone of the demonstration, in a process of its own: told by its parent what to do, it says what happened. */
import {readFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import process from 'node:process';
import {Phone} from '../../gateway/phone/phone.js';
import type {PhoneSpeech, WirePacket} from '../../gateway/phone/phone-audio.js';
import type {PhoneCallReport} from '../../gateway/phone/phone-call.js';
import {RtpSocketPair} from '../../io/rtp/socket-pair.js';
import {SipEndpoint} from '../../io/sip/sip-endpoint.js';
import {decodeG711, encodeG711} from '../../wire/audio/g711.js';
import {readTelephoneAudio, telephoneSampleRate} from '../../wire/audio/telephone-audio.js';
import {writeWav} from '../../wire/audio/wav-file.js';
import {writePcap} from '../../wire/pcap/write-pcap.js';
import type {DemoCall, PhoneCommand, PhoneEvent, PhoneSetup, SpeechFile} from './phone-messages.js';
import {openPhoneProtection, type PhoneProtection} from './phone-protection.js';

const maxCapturedPackets = 20_000;

class PhoneProcess {
	readonly #setup: PhoneSetup;
	readonly #protection: PhoneProtection;
	readonly #endpoint: SipEndpoint;
	/** Held from the first moment to the last: the ports are the phone's own, between its calls as well. */
	readonly #sockets: RtpSocketPair;
	readonly #phone: Phone;
	#captured: WirePacket[] = [];
	#calls = 0;

	private constructor(
		setup: PhoneSetup,
		protection: PhoneProtection,
		endpoint: SipEndpoint,
		sockets: RtpSocketPair,
		greeting: PhoneSpeech,
	) {
		this.#setup = setup;
		this.#protection = protection;
		this.#endpoint = endpoint;
		this.#sockets = sockets;
		this.#phone = new Phone({
			aor: setup.aor,
			endpoint,
			filter: protection.filter,
			keys: protection.keys,
			media: {
				address: sockets.address,
				sockets,
				onPacket: (packet) => {
					if (this.#captured.length < maxCapturedPackets) {
						this.#captured.push(packet);
					}
				},
			},
			suites: setup.suites,
			greeting,
			acceptAnySource: setup.acceptAnySource,
		});
		this.#phone.on('answered', ({from, identity}) => tell({kind: 'answered', from, identity}));
		this.#phone.on('refused', (refusal) => tell({kind: 'refused', refusal}));
		this.#phone.on('ended', (report) => {
			void this.#write(report).then((call) => tell({kind: 'ended', call}));
		});
		this.#phone.on('failure', tellFailure);
	}

	static async open(setup: PhoneSetup): Promise<PhoneProcess> {
		const protection = await openPhoneProtection(setup);
		const endpoint = await SipEndpoint.open({
			listen: [
				{transport: 'tcp', address: '127.0.0.1', port: 0},
				{transport: 'udp', address: '127.0.0.1', port: 0},
			],
		});
		const sockets = await RtpSocketPair.bind();
		return new PhoneProcess(setup, protection, endpoint, sockets, await readSpeech(setup.greeting));
	}

	get ports(): {readonly port: number; readonly mediaPort: number} {
		return {port: this.#endpoint.localAddress('tcp').port, mediaPort: this.#sockets.port};
	}

	async do(command: Exclude<PhoneCommand, {kind: 'setup'}>): Promise<void> {
		switch (command.kind) {
			case 'call': {
				const called = await this.#phone.call(command.to, command.target, await readSpeech(command.speech));
				tell(
					called.ok
						? {kind: 'called', call: await this.#write(called.report)}
						: {kind: 'not-called', refusal: called.refusal},
				);
				break;
			}

			case 'greet':
				this.#phone.setGreeting(await readSpeech(command.greeting));
				tell({kind: 'greeted'});
				break;
			case 'inspect':
				tell({kind: 'inspected', ...(await this.#protection.inspect())});
				break;
			case 'quit':
				await this.#phone.close();
				await this.#sockets.close();
				await this.#endpoint.close();
				await this.#protection.close();
				process.disconnect();
		}
	}

	async #write({sent, received, heard, suite, reason, sentAtMs, receivedAtMs}: PhoneCallReport): Promise<DemoCall> {
		const file = (what: string) => join(this.#setup.output, `${this.#setup.name}-${this.#calls}-${what}`);
		this.#calls++;
		const captured = this.#captured;
		this.#captured = [];
		const [saidFile, heardFile, captureFile] = [file('said.wav'), file('heard.wav'), file('wire.pcap')];
		const said = decodeG711('pcmu', sent?.sound ?? new Uint8Array());
		await writeFile(saidFile, writeWav(telephoneSampleRate, said));
		await writeFile(heardFile, writeWav(telephoneSampleRate, heard));
		await writeFile(
			captureFile,
			writePcap(
				captured.map(({direction, atMs, local, peer, octets}) => ({
					timeMs: atMs,
					source: direction === 'sent' ? local : peer,
					destination: direction === 'sent' ? peer : local,
					payload: octets,
				})),
			),
		);
		const [source] = [...received.sources].sort((a, b) => b.packets - a.packets);
		return {
			suite,
			reason,
			saidPackets: sent?.packets ?? 0,
			saidSsrc: sent?.ssrc ?? 0,
			saidFirstSequence: sent?.firstSequenceNumber ?? 0,
			heardPackets: source?.packets ?? 0,
			lostPackets: source?.lost ?? 0,
			jitterMs: source?.jitterMs ?? 0,
			dropped: received.dropped,
			saidFile,
			saidOctets: sent?.sound ?? new Uint8Array(),
			heardFile,
			captureFile,
			saidAtMs: absolute(sentAtMs),
			heardAtMs: absolute(receivedAtMs),
		};
	}
}

function absolute(times: ReadonlyMap<number, number>): [number, number][] {
	return [...times].map(([sequence, atMs]) => [sequence, performance.timeOrigin + atMs]);
}

async function readSpeech({wav, maxSeconds, ssrc, sequenceNumber}: SpeechFile): Promise<PhoneSpeech> {
	const audio = readTelephoneAudio(await readFile(wav));
	if (!audio.ok) {
		throw new RangeError(audio.failure.message);
	}

	return {
		codec: 'pcmu',
		sound: encodeG711('pcmu', audio.value.subarray(0, Math.round(maxSeconds * telephoneSampleRate))),
		...(ssrc === undefined ? {} : {ssrc}),
		...(sequenceNumber === undefined ? {} : {sequenceNumber}),
	};
}

function tell(event: PhoneEvent): void {
	process.send?.(event);
}

function tellFailure(error: unknown): void {
	tell({kind: 'failed', message: error instanceof Error ? error.message : 'unknown'});
}

let phone: PhoneProcess | undefined;
process.on('message', (command: PhoneCommand) => {
	const done =
		command.kind === 'setup'
			? PhoneProcess.open(command.setup).then((opened) => {
					phone = opened;
					tell({kind: 'ready', ...opened.ports});
				})
			: phone?.do(command);
	done?.catch(tellFailure);
});
// Without its parent it has nothing to do.
process.on('disconnect', () => process.exit(0));
