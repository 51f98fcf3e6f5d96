import {scenarioFormat} from './attacks/scenarios.js';
import type {VectorFormat} from './format.js';
import {captureFormat} from './pcap/captures.js';
import {answerFormat} from './sdes/answers.js';
import {descriptionFormat} from './sdes/descriptions.js';
import {lineFormat} from './sdes/lines.js';
import {tortureFormat} from './sip/torture.js';
import {messageFormat} from './smime/messages.js';
import {sealedRequestFormat} from './smime/sealed-requests.js';
import {keyDerivationFormat} from './srtp/key-derivation.js';
import {keyReuseFormat} from './srtp/key-reuse.js';
import {keystreamFormat} from './srtp/keystream.js';
import {packetFormat} from './srtp/packets.js';
import {traceFormat} from './srtp/traces.js';

/** Every format that the runner knows; a family is what its formats name. */
export const vectorFormats: readonly VectorFormat[] = [
	keystreamFormat,
	keyDerivationFormat,
	packetFormat,
	traceFormat,
	lineFormat,
	answerFormat,
	descriptionFormat,
	keyReuseFormat,
	scenarioFormat,
	tortureFormat,
	captureFormat,
	messageFormat,
	sealedRequestFormat,
];
