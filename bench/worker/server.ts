import { loadModuleSubject } from "../load-subject.js";
import type { Place } from "../place.js";
import { answerRequests } from "./answer-requests.js";
import { usage } from "./usage.js";

const [name = "", place = ""] = process.argv.slice(2);
const subject = await loadModuleSubject(name);
const address = await subject.serve(JSON.parse(place) as Place);
await answerRequests({ address }, { usage });
