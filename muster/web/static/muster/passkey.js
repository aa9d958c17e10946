// Signs a form with a passkey: the browser asks an authenticator to sign the challenge that the form carries, and the answer goes
// with the form. The forms of django-allauth that register a passkey tell of a failure here too.
const bytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (sign) => sign.charCodeAt(0));
const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

const failed = () => {
  const said = document.querySelector("[data-passkey-failed]");
  if (said) {
    said.hidden = false;
    said.focus();
  }
};

const sign = async (form, button) => {
  const { response, rawId } = await navigator.credentials.get({
    publicKey: {
      challenge: bytes(form.dataset.challenge),
      allowCredentials: form.dataset.credentials.split(" ").map((id) => ({ type: "public-key", id: bytes(id) })),
      userVerification: "preferred",
    },
  });
  form.elements.credential_id.value = text(rawId);
  form.elements.authenticator_data.value = text(response.authenticatorData);
  form.elements.client_data.value = text(response.clientDataJSON);
  form.elements.signature.value = text(response.signature);
  form.requestSubmit(button);
};

if (window.PublicKeyCredential) {
  document.querySelectorAll("[data-passkey-missing]").forEach((said) => { said.hidden = true; });
  const form = document.querySelector("form[data-passkey]");
  form?.addEventListener("submit", (event) => {
    if (event.submitter?.value !== "sign" || form.elements.signature.value) return;
    event.preventDefault();
    sign(form, event.submitter).catch(failed);
  });
  document.addEventListener("allauth.error", failed);
}
