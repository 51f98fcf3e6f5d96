import {equalBytes, toHex} from '../../../base/bytes.js';
import type {SrtpSuiteName} from '../../../wire/sdes/suites.js';
import type {OfferedKey, Recipient} from '../engine/port-types.js';
import type {LedgerDialog} from '../ledger/ledger-record.js';
import type {CallDecision} from '../policy/call-rules.js';
import type {Peer} from '../policy/policy.js';
import type {Protection} from '../policy/toolbox-options.js';
import type {MessageOrigin, OwnKeyHandle, PeerKeyHandle, ReleasedKey} from '../protocol.js';
import type {HeldKey} from './key-vault.js';

/** A key that the peer of a leg sent. */
export type PeerKey = Omit<OfferedKey, 'keyAndSalt' | 'tag'> & {
	readonly handle: PeerKeyHandle;
	readonly held: HeldKey;
	/** Of the line that named it last. */
	tag: number;
	/** Identity of the message that named it last; undefined where that was not signed. */
	message: string | undefined;
	/** Where the media under it goes: with an installed key it stays (RFC 4568 §7.1.4); undefined while only held by zeros. */
	address: string | undefined;
	state: 'reserved' | 'installed' | 'retired';
};

/** A key that we made for a leg. */
export type OwnKey = {
	readonly handle: OwnKeyHandle;
	readonly suite: SrtpSuiteName;
	readonly fingerprint: string;
	readonly held: HeldKey;
	/** Fingerprint of the only recipient it may be sealed for, `open` where it leaves unsealed. */
	sealedFor: string | undefined;
	isInstalled: boolean;
};

/** The last offer on a leg, theirs or ours: what an answer answers. */
export type LegOffer = {
	readonly by: 'peer' | 'us';
	readonly protection: Protection;
	/** Hexadecimal SHA-256 of its signed content; empty where it was not signed. */
	readonly digest: string;
	readonly sequence: number;
	/** Who signed theirs: the recipient of our answer. */
	readonly signer: Recipient | undefined;
};

/** What the toolbox knows of one leg of one call. Changed only after what changes it has passed. */
export class Leg {
	readonly call: string;
	readonly name: string;
	dialog: LedgerDialog | undefined;
	peer: Peer | undefined;
	/** Proven, or empty. */
	identity = '';
	/** Who signed the last sealed message that passed. */
	signer: Recipient | undefined;
	/** Where the last message that passed came from. */
	origin: MessageOrigin | undefined;
	offer: LegOffer | undefined;
	/** What policy decided of the call whose offer came on this leg. */
	decision: CallDecision | undefined;
	/** True where a body without keys passed. */
	isClear = false;
	readonly ownKeys = new Map<OwnKeyHandle, OwnKey>();
	readonly #peerKeys = new Map<string, PeerKey>();
	#current: readonly PeerKey[] = [];

	constructor(call: string, name: string) {
		this.call = call;
		this.name = name;
	}

	/** Every peer key of the leg that is not retired. */
	get peerKeys(): readonly PeerKey[] {
		return [...this.#peerKeys.values()].filter(({state}) => state !== 'retired');
	}

	/** The keys of the body that passed last. */
	receive(keys: readonly PeerKey[]): void {
		for (const key of keys) {
			this.#peerKeys.set(keyName(key), key);
		}

		this.#current = keys;
	}

	/** The same key, in the same media section and suite, where the leg has it. */
	knownKey(key: Pick<OfferedKey, 'mediaIndex' | 'suite' | 'fingerprint' | 'mki'>): PeerKey | undefined {
		const known = this.#peerKeys.get(keyName(key));
		return known?.state === 'retired' ? undefined : known;
	}

	/** True when a key that is or was in force had this MKI and is another one (PROTOCOL V12). */
	isMkiTaken({mediaIndex, mki, fingerprint}: OfferedKey): boolean {
		return [...this.#peerKeys.values()].some(
			(key) =>
				key.mediaIndex === mediaIndex &&
				key.state !== 'reserved' &&
				key.fingerprint !== fingerprint &&
				equalBytes(key.mki, mki),
		);
	}

	/** Keys of the last body for a line of it. */
	offered(mediaIndex: number, tag: number): readonly PeerKey[] {
		return this.#current.filter((key) => key.mediaIndex === mediaIndex && key.tag === tag);
	}

	/** Installed keys that a new one takes the place of: those of its media section that the last body no longer names. */
	replacedBy(key: PeerKey): readonly PeerKey[] {
		const named = new Set(this.#current.map(({fingerprint}) => fingerprint));
		return this.peerKeys.filter(
			({state, mediaIndex, fingerprint}) =>
				state === 'installed' && mediaIndex === key.mediaIndex && !named.has(fingerprint),
		);
	}

	released(): readonly ReleasedKey[] {
		return this.#current.map(({handle, mediaIndex, tag, suite, mki}) => ({handle, mediaIndex, tag, suite, mki}));
	}

	destroy(): void {
		for (const {held} of [...this.#peerKeys.values(), ...this.ownKeys.values()]) {
			held.destroy();
		}
	}
}

function keyName({
	mediaIndex,
	suite,
	fingerprint,
	mki,
}: Pick<OfferedKey, 'mediaIndex' | 'suite' | 'fingerprint' | 'mki'>) {
	return `${mediaIndex} ${suite} ${fingerprint} ${toHex(mki)}`;
}
