/**
 * Sallyport as a library: SRTP sessions, RTP over dgram, S/MIME bodies and certificates, SIP, the security toolbox, the
 * media plane and the gateway. What is exported here is kept stable; what is not is ours to change.
 */

export type {Clock} from './base/clock.js';
// Outcomes and errors.
export {SallyportError} from './base/error.js';
export type {CodedFailure, Result} from './base/result.js';
// The gateway.
export {
	type CallSummary,
	Gateway,
	type GatewayEvents,
	type GatewayOptions,
	openGateway,
	Phone,
	type PhoneOptions,
	type Refusal,
	type Route,
	type RunningGateway,
} from './gateway/index.js';
export {
	PacedSender,
	type PacedSenderOptions,
	RtpReceiver,
	type RtpReceiverOptions,
	RtpSocketPair,
} from './io/rtp/index.js';
export {IncomingRequest, OutgoingRequest, SipEndpoint, type SipEndpointOptions} from './io/sip/index.js';
export {
	CertificateAuthority,
	type CertificateFailure,
	type CertificateValidator,
	createRoot,
	NativeCertificateValidator,
	parseCredential,
	readCredential,
	type ValidatedCertificate,
} from './trusted/certificates/index.js';
export {
	type DropReason,
	dropReasons,
	type LegStatistics,
	MediaClient,
	MediaDomain,
	MediaPlane,
	TrafficGenerator,
	type TrafficParty,
	type TrafficPlan,
	type TrafficReport,
} from './trusted/media/index.js';
// SRTP and SRTCP (RFC 3711, 6188, 7714) and the suites of SDES (RFC 4568).
export {
	MasterKey,
	type ProtectFailure,
	type SessionKey,
	SrtpInbound,
	SrtpOutbound,
	type SrtpOutboundOptions,
	type SrtpSessionOptions,
	type UnprotectFailure,
} from './trusted/media/srtp/index.js';
// S/MIME (RFC 8551) and certificates.
export {
	type CmsFailure,
	type CmsProvider,
	type CmsProviderOptions,
	type Decrypted,
	openCmsProvider,
	type PrivateKeyOperations,
	type SignatureScheme,
	SoftwarePrivateKeys,
	type Verified,
} from './trusted/smime/index.js';
// The security toolbox, and the domains behind message ports.
export {
	Toolbox,
	ToolboxClient,
	ToolboxDomain,
	type ToolboxOptions,
	type ToolboxParts,
} from './trusted/toolbox/index.js';
export type {
	Alert,
	Denial,
	LedgerEntry,
	Outbound,
	OwnKeyHandle,
	PeerKeyHandle,
	Release,
} from './trusted/toolbox/protocol.js';
export {readTelephoneAudio, writeWav} from './wire/audio/index.js';
// RTP and RTCP (RFC 3550), read, written, sent and received.
export {parseRtcp, parseRtp, type RtcpPacket, type RtpPacket, writeRtcp, writeRtp} from './wire/rtp/index.js';
export {type CryptoAttribute, parseCryptoAttribute, writeCryptoAttribute} from './wire/sdes/index.js';
export {isSrtpSuiteName, type SrtpSuiteName, srtpSuites} from './wire/sdes/suites.js';
export {parseSdp, type SessionDescription, writeSdp} from './wire/sdp/index.js';
// SIP (RFC 3261), SDP (RFC 8866) and a=crypto.
export {
	parseSipMessage,
	type SipHeader,
	type SipMessage,
	type SipRequest,
	type SipResponse,
	SipStreamReader,
	writeSipMessage,
} from './wire/sip/index.js';
