/**
 * The page that the mailed link opens. The token is in the fragment, which browsers do not send, so it never appears in
 * a log.
 */
export const passwordResetPage = `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta name="referrer" content="no-referrer"><link rel="icon" href="data:,"><title>New password – Vitrine</title>
<body style="font:16px/1.5 system-ui,sans-serif;max-width:480px;margin:64px auto;padding:0 16px">
<h1 style="font-size:24px">Choose a new password</h1>
<p>All devices will be signed out, and all API keys will end.</p>
<form><label>New password<br>
<input name="password" type="password" autocomplete="new-password" minlength="8" maxlength="128" required autofocus
 style="font:inherit;width:100%;box-sizing:border-box;padding:8px"></label>
<p><button style="font:inherit;padding:8px 16px">Set password</button></p>
<p role="status"></p></form>
<script>
const form = document.querySelector('form');
const status = form.querySelector('[role=status]');
form.addEventListener('submit', async (event) => {
  event.preventDefault();
  const body = JSON.stringify({ token: location.hash.slice(1), newPassword: form.password.value });
  try {
    const answer = await fetch(location.pathname, { method: 'PUT', headers: { 'content-type': 'application/json' }, body });
    if (answer.ok) return form.replaceWith('Your new password is set: sign in with it.');
    const { title, detail, errors } = await answer.json();
    status.textContent = errors ? errors.map(({ message }) => 'The password ' + message + '.').join(' ') : detail ?? title;
  } catch {
    status.textContent = 'The server cannot be reached: try again in a moment.';
  }
});
</script>
`;
