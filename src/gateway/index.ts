/**
 * Floor 6: the user part of the gateway: calls between two SIP dialogs, routes, and a telephone to test it with. Strangers'
 * messages are read here; no key is.
 */
export type {BridgedCallEvents, CallSnapshot, CallSummary} from './bridged-call.js';
export type {LegSnapshot} from './call-leg.js';
export {Gateway, type GatewayEvents, type GatewayParts} from './gateway.js';
export {defaultSuites, type GatewayListen, type GatewayOptions, parseGatewayOptions} from './gateway-options.js';
export type {BridgeAuthority, MessageFilter} from './message-filter.js';
export {type GatewaySurroundings, openGateway, type RunningGateway} from './open-gateway.js';
export {Phone, type PhoneEvents, type PhoneOptions} from './phone/phone.js';
export type {PhoneSpeech} from './phone/phone-audio.js';
export type {Refusal} from './refusal.js';
export {findRoute, type Route} from './routing.js';
