import type {SipTarget} from '../../core/sip/hop.js';
import type {Refusal} from '../../gateway/refusal.js';
import type {PeerOptions} from '../../trusted/toolbox/policy/toolbox-options.js';
import type {Alert, LedgerEntry} from '../../trusted/toolbox/protocol.js';
import type {SrtpSuiteName} from '../../wire/sdes/suites.js';

/** What a phone process says: part of a WAV file, and how it numbers its packets. */
export type SpeechFile = {
	readonly wav: string;
	readonly maxSeconds: number;
	/** Fixed numbers, as a phone with poor random numbers has them. @default random */
	readonly ssrc?: number;
	readonly sequenceNumber?: number;
};

/** How a phone process is made. PEM and paths only; it is the first message that it gets. */
export type PhoneSetup = {
	readonly name: string;
	readonly aor: string;
	readonly certificatePem: string;
	readonly privateKeyPem: string;
	readonly trustAnchors: readonly string[];
	readonly protection:
		| {
				readonly kind: 'toolbox';
				readonly directory: string;
				readonly peers: readonly PeerOptions[];
				readonly localDomains: readonly string[];
		  }
		| {
				readonly kind: 'stateless';
				readonly recipients: Readonly<Record<string, string>>;
				readonly mirrorsKeys: boolean;
		  };
	readonly suites: readonly SrtpSuiteName[];
	readonly greeting: SpeechFile;
	/** Takes media from any address, as many phones do. */
	readonly acceptAnySource: boolean;
	/** Folder for recordings and captures. */
	readonly output: string;
};

export type PhoneCommand =
	| {readonly kind: 'setup'; readonly setup: PhoneSetup}
	| {readonly kind: 'call'; readonly to: string; readonly target: SipTarget; readonly speech: SpeechFile}
	| {readonly kind: 'greet'; readonly greeting: SpeechFile}
	| {readonly kind: 'inspect'}
	| {readonly kind: 'quit'};

/** One call as the demonstration judges it. Times are milliseconds since 1970 by sequence number. */
export type DemoCall = {
	readonly suite: SrtpSuiteName;
	readonly reason: string;
	readonly saidPackets: number;
	/** SSRC and first sequence number of what was said. */
	readonly saidSsrc: number;
	readonly saidFirstSequence: number;
	readonly heardPackets: number;
	readonly lostPackets: number;
	readonly jitterMs: number;
	readonly dropped: Readonly<Record<string, number>>;
	/** WAV files: what was said, as it was coded, and what was heard. */
	readonly saidFile: string;
	/** What was said, in octets of G.711: the plaintext of the RTP payloads. */
	readonly saidOctets: Uint8Array;
	readonly heardFile: string;
	/** SRTP as it was on the wire. */
	readonly captureFile: string;
	readonly saidAtMs: readonly (readonly [sequence: number, atMs: number])[];
	readonly heardAtMs: readonly (readonly [sequence: number, atMs: number])[];
};

export type PhoneEvent =
	/** SIP over TCP, and RTP: a port that it keeps from call to call. */
	| {readonly kind: 'ready'; readonly port: number; readonly mediaPort: number}
	| {readonly kind: 'called'; readonly call: DemoCall}
	| {readonly kind: 'not-called'; readonly refusal: Refusal}
	| {readonly kind: 'answered'; readonly from: string; readonly identity: string}
	| {readonly kind: 'refused'; readonly refusal: Refusal}
	| {readonly kind: 'ended'; readonly call: DemoCall}
	| {readonly kind: 'inspected'; readonly alerts: readonly Alert[]; readonly ledger: readonly LedgerEntry[]}
	| {readonly kind: 'greeted'}
	| {readonly kind: 'failed'; readonly message: string};
