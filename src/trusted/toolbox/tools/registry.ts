import type {AnyTool} from '../engine/tool.js';
import {alert} from './alert.js';
import {antiReplay, keyReplay} from './anti-replay.js';
import {certificateCheck} from './certificate-check.js';
import {cmsOpen} from './cms-open.js';
import {cmsVerify} from './cms-verify.js';
import {dialogCheck} from './dialog-check.js';
import {encrypt} from './encrypt.js';
import {freshness} from './freshness.js';
import {headerBinding} from './header-binding.js';
import {keyContinuity} from './key-continuity.js';
import {clearMessage, openMessage, sealMessage} from './message-body.js';
import {claimedOriginCheck, originCheck, originLearn} from './origin-check.js';
import {outerEntity} from './outer-entity.js';
import {plainParts} from './plain-parts.js';
import {recipient} from './recipient.js';
import {releaseClear, releaseMedia} from './release-media.js';
import {sdpRead, sdpReadClear} from './sdp-read.js';
import {sdpWrite, sdpWriteOpen} from './sdp-write.js';
import {sign} from './sign.js';
import {signedHeaders} from './signed-headers.js';
import {signedParts} from './signed-parts.js';

/** Every tool that a template may name, by `name@version`. */
export const toolRegistry: ReadonlyMap<string, AnyTool> = new Map(
	[
		alert,
		antiReplay,
		certificateCheck,
		claimedOriginCheck,
		clearMessage,
		cmsOpen,
		cmsVerify,
		dialogCheck,
		encrypt,
		freshness,
		headerBinding,
		keyContinuity,
		keyReplay,
		openMessage,
		originCheck,
		originLearn,
		outerEntity,
		plainParts,
		recipient,
		releaseClear,
		releaseMedia,
		sdpRead,
		sdpReadClear,
		sdpWrite,
		sdpWriteOpen,
		sealMessage,
		sign,
		signedHeaders,
		signedParts,
	].map((tool) => [`${tool.name}@${tool.version}`, tool]),
);
