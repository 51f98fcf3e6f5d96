import type {MasterKey} from '../../trusted/media/srtp/master-key.js';
import type {OwnKeyHandle, PeerKeyHandle} from '../../trusted/toolbox/protocol.js';

/** Where a phone's sound gets its keys: each handle is good for the call and leg that it was given for. */
export type KeySource = {
	/** Rejects with the code of the toolbox where the handle is not for this call, or its time is over. */
	peerKey(handle: PeerKeyHandle, call: string, leg: string): Promise<MasterKey>;
	ownKey(handle: OwnKeyHandle, call: string, leg: string): Promise<MasterKey>;
};
