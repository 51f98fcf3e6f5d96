import type {SipRequest, SipResponse} from '../../../wire/sip/message.js';
import type {ReceivedOffer} from './callee.js';
import {Dialogs} from './dialogs.js';
import type {OwnCall} from './own-call.js';
import type {ScenarioSetting, ScenarioWorld} from './scenario-world.js';

/** A scenario under way: what its steps leave for those that follow. */
export class ScenarioState {
	readonly world: ScenarioWorld;
	readonly setting: ScenarioSetting;
	readonly dialogs = new Dialogs();
	/** First final response to the octets (as text) that were sent. */
	readonly answers = new Map<string, SipResponse>();
	/** The INVITE that was accepted last. */
	lastAccepted: SipRequest | undefined;
	/** The call that the gateway places on leg B for `gateway-offers`. */
	ownCall: {readonly call: OwnCall; readonly offer: ReceivedOffer; readonly node: string} | undefined;
	/** Undoes, after the next message, what was done to have it answered as the scenario wants it. */
	afterNext: (() => Promise<void>) | undefined;

	constructor(world: ScenarioWorld, setting: ScenarioSetting) {
		this.world = world;
		this.setting = setting;
	}
}
