import { bareDirect } from "../bare-direct.js";

export const subject = {
  ...bareDirect,
  description: "the direct transport without any stage: no authorization, deadline, limits or log",
  onRequest: true,
};
