import type {MimeEntity} from '../../../wire/mime/entity.js';
import type {SrtpSuiteName} from '../../../wire/sdes/suites.js';
import type {SessionDescription} from '../../../wire/sdp/description.js';
import type {SipHeader, SipMessage} from '../../../wire/sip/message.js';
import type {ContentCipher, VerifiedSigner} from '../../smime/cms-provider.js';
import type {Peer} from '../policy/policy.js';
import type {ReleasedKey} from '../protocol.js';
import type {Association} from './association.js';

/** Signed octets whose signatures have verified. Only `cms-verify` makes one. */
export type VerifiedContent = {
	readonly content: Uint8Array;
	/** Hexadecimal SHA-256 of `content`: the identity of the message. */
	readonly digest: string;
	readonly signers: readonly VerifiedSigner[];
	readonly certificates: readonly Uint8Array[];
};

/** A party whose certificate was validated and speaks for the address that it uses. Only `certificate-check` makes one. */
export type ProvenSigner = {
	/** Canonical AOR, or the name of a trunk. */
	readonly identity: string;
	readonly certificate: Uint8Array;
	readonly fingerprint: string;
	/** Content ciphers that it has said it opens; undefined where it has not. */
	readonly ciphers: readonly ContentCipher[] | undefined;
};

/** A party that has authenticated for its own registration. Only `registration-check` makes one. */
export type Registrant = {
	/** Canonical AOR. */
	readonly identity: string;
};

/** What a body says of its message, and its SDP. */
export type BodyParts = {
	/** Undefined where there is none. */
	readonly sdp: Uint8Array | undefined;
	/** Headers in the signed part; undefined where it has none, `ambiguous` where it has several sets. */
	readonly headers: readonly SipHeader[] | 'ambiguous' | undefined;
};

/** One key of an `a=crypto` line, known by its fingerprint. The octets are wiped when the run ends. */
export type OfferedKey = {
	readonly mediaIndex: number;
	readonly tag: number;
	readonly suite: SrtpSuiteName;
	readonly keyAndSalt: Uint8Array;
	readonly fingerprint: string;
	readonly saltTag: string;
	readonly mki: Uint8Array;
	readonly lifetimePackets: number | undefined;
};

export type OfferedMedia = {readonly description: SessionDescription; readonly keys: readonly OfferedKey[]};

/** Everything that a body claims was granted. Only `anti-replay` makes one. */
export type GrantedClaim = {readonly digest: string | undefined; readonly media: OfferedMedia};

export type ReleasedMedia = {readonly sdp: string; readonly keys: readonly ReleasedKey[]};

/** Who will be able to open what leaves. Derived from policy and the call. */
export type Recipient = {
	readonly certificate: Uint8Array;
	readonly fingerprint: string;
	/** Content ciphers that it has said it opens. */
	readonly ciphers?: readonly ContentCipher[] | undefined;
};

/** A MIME entity that is signed and not yet encrypted: it never leaves. */
export type SignedEntity = {readonly octets: Uint8Array; readonly digest: string};

/** A protected packet taken apart: nothing in it is believed yet. */
export type PacketFields = {
	readonly sequence: number;
	readonly iv: Uint8Array;
	readonly ciphertext: Uint8Array;
	/** All octets that the tag covers. */
	readonly covered: Uint8Array;
	readonly tag: Uint8Array;
};

/** A packet whose tag was right. Only `hmac-check` makes one. */
export type AuthenticPacket = Omit<PacketFields, 'covered' | 'tag'>;

/** What may flow between the steps of a template. */
export type PortTypes = {
	message: SipMessage;
	peer: Peer;
	entity: MimeEntity;
	'verified-content': VerifiedContent;
	'proven-signer': ProvenSigner;
	registrant: Registrant;
	parts: BodyParts;
	'signed-at': number;
	media: OfferedMedia;
	'granted-claim': GrantedClaim;
	'released-media': ReleasedMedia;
	recipient: Recipient;
	'secret-sdp': Uint8Array;
	'signed-headers': Uint8Array;
	'signed-entity': SignedEntity;
	'sealed-octets': Uint8Array;
	'sealed-message': SipMessage;
	'open-message': SipMessage;
	/** A message with a signed body and nothing secret in it. */
	'signed-message': SipMessage;
	association: Association;
	octets: Uint8Array;
	packet: Uint8Array;
	'random-octets': Uint8Array;
	'derived-key': Uint8Array;
	'sequence-number': number;
	ciphertext: Uint8Array;
	'packet-fields': PacketFields;
	'untagged-packet': Uint8Array;
	'protected-packet': Uint8Array;
	'authentic-packet': AuthenticPacket;
	'decrypted-octets': Uint8Array;
	/** Decrypted octets of a packet that came once. Only `sequence-window` makes them. */
	'granted-octets': Uint8Array;
};

export type PortType = keyof PortTypes;
