import {randomBytes} from 'node:crypto';
import {once} from 'node:events';
import {access, constants, mkdir, mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join, relative} from 'node:path';
import {setTimeout as delay} from 'node:timers/promises';
import {fileURLToPath} from 'node:url';
import {SallyportError} from '../../base/error.js';
import {telephoneSampleRate} from '../../wire/audio/telephone-audio.js';
import {writeWav} from '../../wire/audio/wav-file.js';
import type {SipRequest} from '../../wire/sip/message.js';
import {Charles, requestsIn} from './charles/charles.js';
import {SipTap} from './charles/sip-tap.js';
import {GatewayChild, PhoneChild} from './child-process.js';
import type {DemoReport, DemoStep} from './demo-report.js';
import {alicesPhone, bobsPhone, type DemoWorld, makeWorld, oldPhone, writeGatewayConfiguration} from './demo-world.js';
import type {SpeechFile} from './phone-messages.js';
import {readSamples} from './recordings.js';
import {synthesizeSpeech} from './speech.js';
import {readTwoTimePad, replayToOldPhone} from './steps/old-phone-attacked.js';
import {attackLiveCall, forgeToGateway, replayToGateway, replayToPhone} from './steps/replay-refused.js';
import {judgeSealedCall, placeCall, type SealedCall} from './steps/sealed-call.js';

export type DemoOptions = {
	/** What Bob says. @default the voice that comes along */
	readonly wav?: string;
	/** Folder for recordings and captures; made where it is not there. */
	readonly output: string;
	/** Told of each step when it is over. */
	readonly onStep: (step: DemoStep) => void;
	/** Stops it; what it started is ended first. */
	readonly signal?: AbortSignal;
};

/** Speech longer than this is cut: the demonstration ends within 40 seconds. */
const maxCallSeconds = 5;
/** What the calls last that are recorded and attacked, whatever Bob says. */
const attackSeconds = 1.8;
const liveCallSeconds = 2.5;
/** What a step that was interrupted may take to notice. */
const graceMs = 3000;

/**
 * Runs gateway, telephones and attacker as processes and sockets on 127.0.0.1, and judges what happens. Everything that it
 * started is ended, whatever happens. Rejects with a `SallyportError`: `DEMO_BAD_WAV` where the sound cannot be read,
 * `DEMO_BAD_OUTPUT` where the folder cannot be written, `DEMO_INTERRUPTED` after its signal, `DEMO_CHILD_SILENT` or
 * `DEMO_CHILD_FAILED` where a process of it failed, and `DEMO_CALL_REFUSED` where the honest call did not come about.
 */
export async function runDemo(options: DemoOptions): Promise<DemoReport> {
	const bobSays = await readSpeech(options.wav ?? asset('bob.wav'));
	await makeOutput(options.output);
	const folder = await mkdtemp(join(tmpdir(), 'sallyport-demo-'));
	const ending = new AbortController();
	const signal = AbortSignal.any([ending.signal, ...(options.signal === undefined ? [] : [options.signal])]);
	const cleanUp: (() => Promise<unknown>)[] = [];
	const running = makeWorld(folder, options.output).then((world) =>
		new Demo({...options, signal}, world, bobSays, cleanUp).run(),
	);
	try {
		return await Promise.race([running, interruption(signal)]);
	} finally {
		ending.abort();
		await Promise.allSettled(cleanUp.map((undo) => undo()));
		// Its processes gone, what still ran ends; only then nothing writes into the folder any more.
		await Promise.race([running.catch(() => {}), delay(graceMs, undefined, {ref: false})]);
		await rm(folder, {recursive: true, force: true});
	}
}

async function interruption(signal: AbortSignal): Promise<never> {
	if (!signal.aborted) {
		await once(signal, 'abort');
	}

	throw new SallyportError('DEMO_INTERRUPTED', 'Expected to come to the end, was told to stop.');
}

async function makeOutput(folder: string): Promise<void> {
	try {
		await mkdir(folder, {recursive: true});
		await access(folder, constants.W_OK | constants.X_OK);
	} catch (cause) {
		const {code} = cause as NodeJS.ErrnoException;
		throw new SallyportError('DEMO_BAD_OUTPUT', `Expected a folder to write to at ${folder}, got ${code}.`, {cause});
	}
}

async function readSpeech(path: string): Promise<Int16Array> {
	try {
		return await readSamples(path);
	} catch (cause) {
		const why = cause instanceof SallyportError ? cause.message : `${(cause as NodeJS.ErrnoException).code}.`;
		throw new SallyportError('DEMO_BAD_WAV', `Expected a WAV file of speech at ${path}: ${why}`, {cause});
	}
}

class Demo {
	readonly #options: DemoOptions & {readonly signal: AbortSignal};
	readonly #bobsSamples: Int16Array;
	readonly #world: DemoWorld;
	readonly #cleanUp: (() => Promise<unknown>)[];
	readonly #steps: DemoStep[] = [];
	readonly #files: string[] = [];
	readonly #charles = new Charles('127.0.0.66');
	/** The attacker who can send from the address of whom he impersonates. */
	readonly #spoofing = new Charles('127.0.0.1');

	constructor(
		options: DemoOptions & {readonly signal: AbortSignal},
		world: DemoWorld,
		bobsSamples: Int16Array,
		cleanUp: (() => Promise<unknown>)[],
	) {
		this.#options = options;
		this.#bobsSamples = bobsSamples;
		this.#world = world;
		this.#cleanUp = cleanUp;
	}

	async run(): Promise<DemoReport> {
		const {length} = this.#bobsSamples;
		const bobSays = await this.#bobsSpeech(Math.min(length / telephoneSampleRate, maxCallSeconds));
		const short = await this.#bobsSpeech(attackSeconds);
		const aliceSays: SpeechFile = {wav: asset('alice.wav'), maxSeconds: maxCallSeconds};
		const [forgetful, mirroring, {alice, gateway, toAlice, configuration}, bob] = await Promise.all([
			this.#callOldPhone('forgetful', short, {...aliceSays, maxSeconds: attackSeconds}, false),
			this.#callOldPhone('mirroring', short, {...aliceSays, maxSeconds: attackSeconds, ...weakNumbers}, true),
			this.#startOffice(aliceSays),
			this.#startPhone(bobsPhone(this.#world, aliceSays)),
		]);
		const toGateway = await this.#tap(gateway.port);
		const call = await placeCall(bob, alice, toGateway.port, bobSays);
		this.#keep(call);
		await alice.next('answered');
		await this.#step(judgeSealedCall(call, gateway, forgetful.call));

		await this.#sayOnMirroring(mirroring.phone);
		const onOldPhones = [
			replayToOldPhone(this.#charles, forgetful, forgetful.phone),
			readTwoTimePad(this.#charles, mirroring, mirroring.phone, this.#world.output),
		];
		await Promise.all(onOldPhones);
		for (const step of onOldPhones) {
			await this.#step(step);
		}

		this.#files.push('charles-recovered.wav');

		const invite = firstInvite(toGateway);
		await this.#refusals(invite, gateway, 'while it runs');
		await this.#step(forgeToGateway(this.#charles, invite, gateway, randomBytes));
		const lasting = await this.#bobsSpeech(liveCallSeconds);
		const attackers = {elsewhere: this.#charles, sameAddress: this.#spoofing};
		await this.#step(replayToPhone(attackers, firstInvite(toAlice), call, alice));
		await this.#step(attackLiveCall(this.#charles, placeCall(bob, alice, gateway.port, lasting), call, gateway));
		await gateway.kill();
		const restarted = await this.#startGateway(configuration);
		await this.#refusals(invite, restarted, 'after kill -9 and restart');
		return this.#report();
	}

	/** The recorded INVITE three ways: as it was, from somewhere else, and under new names. */
	async #refusals(invite: SipRequest, gateway: GatewayChild, when: string): Promise<void> {
		await this.#step(
			replayToGateway(this.#spoofing, invite, gateway, 'as recorded', `as recorded, Bob's address, ${when}`),
		);
		await this.#step(replayToGateway(this.#charles, invite, gateway, 'own Via', `new Via and address, ${when}`));
		await this.#step(
			replayToGateway(
				this.#charles,
				invite,
				gateway,
				'own Via, Call-ID and tags',
				`new Call-ID, tags, Via and address, ${when}`,
			),
		);
	}

	/** Alice's telephone, and the gateway before it; Charles listens between them. */
	async #startOffice(greeting: SpeechFile) {
		const alice = await this.#startPhone(alicesPhone(this.#world, greeting));
		const toAlice = await this.#tap(alice.port);
		const configuration = await writeGatewayConfiguration(this.#world, toAlice.port);
		return {alice, toAlice, configuration, gateway: await this.#startGateway(configuration)};
	}

	/** Two telephones without memory, and one honest call between them that Charles records. */
	async #callOldPhone(habit: string, bobSays: SpeechFile, aliceSays: SpeechFile, mirrorsKeys: boolean) {
		const phone = await this.#startPhone(oldPhone(this.#world, 'alice', `alice-${habit}`, aliceSays, mirrorsKeys));
		const caller = await this.#startPhone(oldPhone(this.#world, 'bob', `bob-${habit}`, bobSays, false));
		const tap = await this.#tap(phone.port);
		const call = await placeCall(caller, phone, tap.port, bobSays);
		this.#keep(call);
		return {invite: firstInvite(tap), call, phone};
	}

	/** What Alice says next on the telephone that mirrors keys: her secret. */
	async #sayOnMirroring(phone: PhoneChild): Promise<void> {
		const wav = join(this.#world.folder, 'secret.wav');
		await writeFile(wav, writeWav(telephoneSampleRate, synthesizeSpeech(secretSeed, attackSeconds)));
		phone.send({kind: 'greet', greeting: {wav, maxSeconds: attackSeconds, ...weakNumbers}});
		await phone.next('greeted');
	}

	/** So many seconds of what Bob says, over and over where it is shorter. */
	async #bobsSpeech(seconds: number): Promise<SpeechFile> {
		const wav = join(this.#world.folder, `bob-${seconds}.wav`);
		const said = this.#bobsSamples;
		const samples = Int16Array.from(
			{length: Math.round(seconds * telephoneSampleRate)},
			(_, index) => said[index % said.length] ?? 0,
		);
		await writeFile(wav, writeWav(telephoneSampleRate, samples));
		return {wav, maxSeconds: seconds};
	}

	async #startPhone(setup: Parameters<typeof PhoneChild.start>[0]): Promise<PhoneChild> {
		return this.#started(() => PhoneChild.start(setup));
	}

	async #startGateway(configuration: string): Promise<GatewayChild> {
		return this.#started(() => GatewayChild.start(configuration));
	}

	/** From its first moment on it will be ended, too. */
	async #started<Child extends {stop(): Promise<void>}>(start: () => Promise<Child>): Promise<Child> {
		this.#options.signal.throwIfAborted();
		const starting = start();
		this.#cleanUp.push(async () => (await starting).stop());
		return starting;
	}

	async #tap(port: number): Promise<SipTap> {
		this.#options.signal.throwIfAborted();
		const opening = SipTap.open({address: '127.0.0.1', port});
		this.#cleanUp.push(async () => (await opening).close());
		return opening;
	}

	async #step(judged: Promise<DemoStep>): Promise<void> {
		const step = await judged;
		this.#steps.push(step);
		this.#options.onStep(step);
	}

	#keep({bob, alice}: SealedCall): void {
		for (const {saidFile, heardFile, captureFile} of [bob, alice]) {
			this.#files.push(...[saidFile, heardFile, captureFile].map((file) => relative(this.#world.output, file)));
		}
	}

	async #report(): Promise<DemoReport> {
		const ok = this.#steps.every((step) => step.ok);
		const files = [...this.#files, 'report.json'].map((file) => join(this.#world.output, file));
		const report = {ok, steps: this.#steps, files};
		await writeFile(join(this.#world.output, 'report.json'), `${JSON.stringify(report, undefined, '\t')}\n`);
		return report;
	}
}

/** The first INVITE that passed a tap. */
function firstInvite(tap: SipTap): SipRequest {
	const invite = tap
		.streams()
		.flatMap(({forward}) => requestsIn(forward))
		.find(({method}) => method === 'INVITE');
	if (invite === undefined) {
		throw new SallyportError('DEMO_NOTHING_RECORDED', 'Expected an INVITE to have passed the tap, saw none.');
	}

	return invite;
}

function asset(name: string): string {
	return fileURLToPath(new URL(`assets/${name}`, import.meta.url));
}

/** A telephone whose random numbers are none: SSRC and sequence begin alike in every call (PROTOCOL §1.3). */
const weakNumbers = {ssrc: 0x0a11_ce00, sequenceNumber: 0};
const secretSeed = 77;
