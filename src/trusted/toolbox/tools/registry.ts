import type {AnyTool} from '../engine/tool.js';
import {alert} from './alert.js';
import {antiReplay, keyReplay} from './anti-replay.js';
import {authorisation} from './authorisation.js';
import {certificateCheck} from './certificate-check.js';
import {cmsOpen} from './cms-open.js';
import {cmsVerify} from './cms-verify.js';
import {deriveKey} from './derive-key.js';
import {dialogCheck} from './dialog-check.js';
import {encrypt} from './encrypt.js';
import {freshness} from './freshness.js';
import {headerBinding} from './header-binding.js';
import {hmac, hmacCheck} from './hmac.js';
import {keyContinuity} from './key-continuity.js';
import {clearMessage, openMessage, sealMessage} from './message-body.js';
import {decryptOctets, encryptOctets} from './octets-cipher.js';
import {
	claimedOriginCheck,
	listedOriginCheck,
	originCheck,
	originLearn,
	transportOriginCheck,
	transportOriginLearn,
} from './origin-check.js';
import {outerEntity} from './outer-entity.js';
import {packetRead, packetWrite} from './packet-header.js';
import {plainParts} from './plain-parts.js';
import {random} from './random.js';
import {recipient} from './recipient.js';
import {registrationCheck, registrationLearn} from './registration.js';
import {releaseClear, releaseMedia} from './release-media.js';
import {sdpRead, sdpReadClear} from './sdp-read.js';
import {sdpWrite, sdpWriteOpen} from './sdp-write.js';
import {sequenceNumber, sequenceWindow} from './sequence.js';
import {sign} from './sign.js';
import {signMessage} from './sign-message.js';
import {signedHeaders} from './signed-headers.js';
import {signedParts} from './signed-parts.js';
import {withoutSdp} from './without-sdp.js';

/** Every tool that a template may name, by `name@version`. */
export const toolRegistry: ReadonlyMap<string, AnyTool> = new Map(
	[
		alert,
		antiReplay,
		authorisation,
		certificateCheck,
		claimedOriginCheck,
		clearMessage,
		cmsOpen,
		cmsVerify,
		decryptOctets,
		deriveKey,
		dialogCheck,
		encrypt,
		encryptOctets,
		freshness,
		headerBinding,
		hmac,
		hmacCheck,
		keyContinuity,
		keyReplay,
		listedOriginCheck,
		openMessage,
		originCheck,
		originLearn,
		outerEntity,
		packetRead,
		packetWrite,
		plainParts,
		random,
		recipient,
		registrationCheck,
		registrationLearn,
		releaseClear,
		releaseMedia,
		sdpRead,
		sdpReadClear,
		sdpWrite,
		sdpWriteOpen,
		sealMessage,
		sequenceNumber,
		sequenceWindow,
		sign,
		signMessage,
		signedHeaders,
		signedParts,
		transportOriginCheck,
		transportOriginLearn,
		withoutSdp,
	].map((tool) => [`${tool.name}@${tool.version}`, tool]),
);
